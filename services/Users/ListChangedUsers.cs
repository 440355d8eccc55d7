using Microservices.Persistence;
using Microservices.Topics;
using Microservices.Users.V1;

namespace Microservices.Users;

/// <summary>Lists which users have changed.</summary>
internal sealed class ListChangedUsers(OutboxHeads<UsersDbContext> heads, OutboxHistory<UsersDbContext> history)
    : ChangedKeys<UsersDbContext>(UserEvents.Topics, UserErrors.Domain, heads, history)
{
    public async Task<ListChangedUsersResponse> HandleAsync(ListChangedUsersRequest request, CancellationToken cancellationToken)
    {
        var changes = await ReadAsync(request.Cursor, cancellationToken);
        return new ListChangedUsersResponse { UserIds = { changes.Keys }, Cursor = changes.Cursor, More = changes.More, Reset = changes.Reset };
    }

    protected override string KeyOf(ReadOnlySpan<byte> payload) => UserEvent.Parser.ParseFrom(payload).User.UserId;
}
