using Google.Protobuf.WellKnownTypes;
using Microservices.Topics;
using Microservices.Users.V1;

namespace Microservices.Users;

/// <summary>What Users publishes. An event's key is its user's id.</summary>
internal static class UserEvents
{
    public static readonly KeyedTopics Topics = new("users", "user", UserEvent.Descriptor);

    /// <summary>Commits the event together with the change that is being made.</summary>
    public static void Publish(this UsersDbContext users, UserEventKind kind, V1.User user, DateTimeOffset time) =>
        users.AddEvent(Topics.For(user.UserId), user.UserId, new UserEvent { Kind = kind, User = user, Time = time.ToTimestamp() });
}
