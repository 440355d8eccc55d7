using Microservices.Streaming.V1;

namespace Microservices.Orders.V1;

/// <content>The call streams of the service.</content>
public static partial class OrdersService
{
    /// <summary>LookupOrders, for <c>AddCallStreamServer</c> and <c>AddCallStreamClient</c>.</summary>
    public static CallStreamMethod<LookupOrdersRequest, LookupOrdersCall, LookupOrdersResponse, LookupOrdersResult> LookupOrdersCalls =>
        field ??= new(__Method_LookupOrders, maxCallsPerFrame: 1000, idempotent: true);
}

/// <content>Carried by a call stream.</content>
public sealed partial class LookupOrdersRequest : ICallFrame<LookupOrdersCall>;

/// <content>Carried by a call stream.</content>
public sealed partial class LookupOrdersCall : IKeyedLookup;

/// <content>Carried by a call stream.</content>
public sealed partial class LookupOrdersResponse : ICallResultFrame<LookupOrdersResult>;

/// <content>Carried by a call stream.</content>
public sealed partial class LookupOrdersResult : ICallResult;
