using Microservices.Topics;
using Microservices.Users.V1;

namespace Microservices.Webhooks;

/// <summary>Makes messages of what happens to users.</summary>
internal sealed class UserFeed(FanOut fanOut) : IPartitionHandler<WebhooksDbContext, UserEvent>
{
    public DateTimeOffset TimeOf(UserEvent happened) => happened.Time.ToDateTimeOffset();

    public Task<HandledEvents> HandleAsync(WebhooksDbContext context, IReadOnlyList<UserEvent> events, CancellationToken cancellationToken) =>
        fanOut.AddAsync(context, [.. events.Select(e => new SourceEvent("/users", TypeOf(e.Kind), e.User.UserId, e.User.UserId, e.User.Version, TimeOf(e), e))], cancellationToken);

    private static string? TypeOf(UserEventKind kind) => kind switch
    {
        UserEventKind.Created => EventTypes.UserCreated,
        UserEventKind.Updated => EventTypes.UserUpdated,
        _ => null,
    };
}
