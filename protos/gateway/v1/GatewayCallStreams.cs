using Microservices.Streaming.V1;

namespace Microservices.Gateway.V1;

/// <content>The call streams of the service.</content>
public static partial class GatewayService
{
    /// <summary>LookupOverviews, for <c>AddCallStreamServer</c> and <c>AddCallStreamClient</c>.</summary>
    public static CallStreamMethod<LookupOverviewsRequest, LookupOverviewsCall, LookupOverviewsResponse, LookupOverviewsResult> LookupOverviewsCalls =>
        field ??= new(__Method_LookupOverviews, maxCallsPerFrame: 100, idempotent: true);
}

/// <content>Carried by a call stream.</content>
public sealed partial class LookupOverviewsRequest : ICallFrame<LookupOverviewsCall>;

/// <content>Carried by a call stream.</content>
public sealed partial class LookupOverviewsCall : ICall;

/// <content>Carried by a call stream.</content>
public sealed partial class LookupOverviewsResponse : ICallResultFrame<LookupOverviewsResult>;

/// <content>Carried by a call stream.</content>
public sealed partial class LookupOverviewsResult : ICallResult;
