using Microservices.Streaming.V1;

namespace Microservices.Users.V1;

/// <content>The event streams of the service.</content>
public static partial class UsersService
{
    /// <summary>WatchUsers, for <c>AddEventStreamServer</c> and <c>AddEventStreamClient</c>.</summary>
    public static EventStreamMethod<WatchUsersRequest, WatchUsersSubscription, WatchUsersResponse, WatchUsersEvents, UserEvent> WatchUsersStream =>
        field ??= new(__Method_WatchUsers);
}

/// <content>Carried by an event stream.</content>
public sealed partial class WatchUsersRequest : IEventRequestFrame<WatchUsersSubscription>;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchUsersSubscription : IKeyedSubscription;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchUsersResponse : IEventResponseFrame<WatchUsersEvents>;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchUsersEvents : IEventBatch<UserEvent>;
