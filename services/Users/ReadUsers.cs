using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Users.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Users;

/// <summary>Gets one user, lists users page by page, and looks up many at once.</summary>
internal sealed class ReadUsers(Database<UsersDbContext> database)
{
    private const string List = "users";
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 500;

    public async Task<V1.User> GetAsync(string userId, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("user_id", userId);
        violations.ThrowIfAny(UserErrors.Domain);

        var user = await database.ReadAsync(users => users.Users.FirstOrDefaultAsync(u => u.UserId == userId, cancellationToken), cancellationToken);
        return user?.ToMessage() ?? throw new StatusException(UserErrors.NotFound(userId));
    }

    public async Task<ListUsersResponse> ListAsync(ListUsersRequest request, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        var size = violations.PageSize("page_size", request.PageSize, DefaultPageSize, MaxPageSize);
        var after = violations.PagePosition("page_token", List, request.PageToken, FieldViolations.IsId);
        violations.ThrowIfAny(UserErrors.Domain);

        var page = await database.ReadAsync(users => users.Users
            .Where(u => string.Compare(u.UserId, after) > 0)
            .OrderBy(u => u.UserId)
            .ReadPageAsync(u => u.ToMessage(), size, cancellationToken), cancellationToken);

        var response = new ListUsersResponse();
        response.Users.AddRange(page.Items);
        if (page.More)
            response.NextPageToken = Hosting.PageToken.Encode(List, page.Last!.UserId);
        return response;
    }

    /// <summary>The users that there are of these ids, in one query.</summary>
    public async Task<Dictionary<string, V1.User>> FindAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken)
    {
        var found = await database.ReadAsync(users => users.Users.Where(u => userIds.Contains(u.UserId)).ToListAsync(cancellationToken), cancellationToken);
        return found.ToDictionary(u => u.UserId, u => u.ToMessage());
    }
}
