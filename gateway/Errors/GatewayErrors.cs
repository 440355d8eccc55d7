using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Errors;

/// <summary>
/// The gateway's errors, its own and those of the services behind it. What a service says of the caller's request is passed on
/// when it is part of its contract (google.rpc.ErrorInfo says so by its domain); of everything else the caller learns the code and
/// a sentence of ours.
/// </summary>
internal static class GatewayErrors
{
    /// <summary>Makes the gateway's own.</summary>
    public static ErrorDomain Domain { get; } = new("gateway.v1");

    private const string UpstreamOverloaded = "UPSTREAM_OVERLOADED";
    private const string UpstreamOverloadedMessage = "A service behind the gateway is overloaded.";

    private static readonly string[] Contracts = ["auth", "gateway.v1", "users.v1", "orders.v1", "notifications.v1", "webhooks.v1", "jobs.v1", "identity.v1", "operations.v1"];

    /// <summary>What the caller is told of an exception.</summary>
    public static Status ToStatus(Exception exception) => exception switch
    {
        StatusException status => ErrorBounds.Fit(status.Status),
        RpcException rpc => FromUpstream(rpc),
        OperationCanceledException => FromCode(StatusCode.Cancelled),
        _ => Domain.Other(StatusCode.Internal, "INTERNAL", "Something went wrong inside the gateway."),
    };

    /// <summary>RESOURCE_EXHAUSTED, with when to try again: the gateway itself refuses the call, before it has reached the service.</summary>
    public static Status Overloaded() => Domain.Overloaded(UpstreamOverloaded, UpstreamOverloadedMessage);

    /// <summary>The reason of <see cref="AnswerTooLarge"/>.</summary>
    public const string AnswerTooLargeReason = "ANSWER_TOO_LARGE";

    /// <summary>OUT_OF_RANGE: the request asks for more at once than an answer may be.</summary>
    public static Status AnswerTooLarge() =>
        Domain.Other(StatusCode.OutOfRange, AnswerTooLargeReason, "The answer has no room for this: ask for fewer users or orders at once.");

    /// <summary>RESOURCE_EXHAUSTED: callers have left too much unread.</summary>
    public static Status TooMuchUnread() => Domain.Exhausted("TOO_MUCH_UNREAD", "Callers have left as many answers of this gateway unread as it can hold.");

    /// <summary>Whether the code says that the request is at fault, as the contract's own text may then explain.</summary>
    public static bool IsAboutTheRequest(StatusCode code) => code is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.AlreadyExists
        or StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.FailedPrecondition or StatusCode.Aborted or StatusCode.OutOfRange;

    private static Status FromUpstream(RpcException rpc)
    {
        var given = rpc.GetRpcStatus();
        if (given is null || given.Code != (int)rpc.StatusCode)
            return FromCode(rpc.StatusCode);

        // The request is at fault only when a contract says so; when to try again may be said by whoever refuses.
        var isContract = given.GetDetail<ErrorInfo>() is { } info && Contracts.Contains(info.Domain);
        var about = isContract && IsAboutTheRequest(rpc.StatusCode);
        var isQuota = isContract && given.GetDetail<QuotaFailure>() is not null;
        var status = about ? new Status { Code = given.Code, Message = given.Message } : FromCode(rpc.StatusCode);
        if (isQuota)
            status.Details.Clear();
        status.Details.AddRange(given.Details.Where(detail => about ? Explains(detail) : detail.Is(RetryInfo.Descriptor) || (isQuota && (detail.Is(QuotaFailure.Descriptor) || detail.Is(ErrorInfo.Descriptor)))));
        return ErrorBounds.Fit(status);
    }

    private static bool Explains(Any detail) =>
        detail.Is(ErrorInfo.Descriptor) || detail.Is(BadRequest.Descriptor) || detail.Is(ResourceInfo.Descriptor) || detail.Is(PreconditionFailure.Descriptor);

    private static Status FromCode(StatusCode code) => code switch
    {
        StatusCode.Unavailable => Domain.Unavailable("UPSTREAM_UNAVAILABLE", "A service behind the gateway is not available."),
        StatusCode.DeadlineExceeded => Domain.Other(code, "UPSTREAM_TIMEOUT", "A service behind the gateway did not answer in time."),
        StatusCode.ResourceExhausted => Domain.Exhausted(UpstreamOverloaded, UpstreamOverloadedMessage),
        StatusCode.Cancelled => Domain.Other(code, "CANCELLED", "The call was cancelled."),
        _ when IsAboutTheRequest(code) => Domain.Other(code, "UPSTREAM_REFUSED", "A service behind the gateway refused the request."),
        _ => Domain.Other(StatusCode.Internal, "UPSTREAM_ERROR", "A service behind the gateway failed."),
    };
}
