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
public sealed partial class LookupOverviewsResult : IWrittenCallResult
{
    /// <summary>What is to be done once when it has been written. Not part of the message.</summary>
    public Action? OnWritten { get; set; }

    /// <inheritdoc/>
    public void Written()
    {
        OnWritten?.Invoke();
        OnWritten = null;
    }
}
