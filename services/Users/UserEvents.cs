using Google.Protobuf.WellKnownTypes;
using Microservices.Persistence;
using Microservices.Users.V1;

namespace Microservices.Users;

/// <summary>
/// What Users tells the world. Every event goes, in the transaction of its change, to two topics: that of its user, for who watches
/// one user, and one of a fixed number of partitions of all users, for who processes everything. An event's key is its user's id.
/// </summary>
internal static class UserEvents
{
    public const string TopicPrefix = "users/";

    /// <summary>How many partitions there are. Never to be changed: an event's place would.</summary>
    public const int Partitions = 16;

    public static string UserTopic(string userId) => $"{TopicPrefix}user/{userId}";

    public static string FeedTopic(int partition) => $"{TopicPrefix}feed/{partition}";

    /// <summary>Commits the event together with the change that is being made.</summary>
    public static void Tell(this UsersDbContext users, UserEventKind kind, V1.User user, DateTimeOffset time) => users.AddEvent(
        [UserTopic(user.UserId), FeedTopic(Partition.Of(user.UserId, Partitions))],
        user.UserId,
        new UserEvent { Kind = kind, User = user, Time = time.ToTimestamp() });
}
