using Microservices.Streaming.V1;

namespace Microservices.Users.V1;

/// <content>The call streams of the service.</content>
public static partial class UsersService
{
    /// <summary>LookupUsers, for <c>AddCallStreamServer</c> and <c>AddCallStreamClient</c>.</summary>
    public static CallStreamMethod<LookupUsersRequest, LookupUsersCall, LookupUsersResponse, LookupUsersResult> LookupUsersCalls =>
        field ??= new(__Method_LookupUsers, maxCallsPerFrame: 1000, idempotent: true);
}

/// <content>Carried by a call stream.</content>
public sealed partial class LookupUsersRequest : ICallFrame<LookupUsersCall>;

/// <content>Carried by a call stream.</content>
public sealed partial class LookupUsersCall : IKeyedLookup;

/// <content>Carried by a call stream.</content>
public sealed partial class LookupUsersResponse : ICallResultFrame<LookupUsersResult>;

/// <content>Carried by a call stream.</content>
public sealed partial class LookupUsersResult : ICallResult;
