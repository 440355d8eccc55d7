using Google.Rpc;
using Grpc.Core;

namespace Microservices.Gateway.Events;

/// <summary>Why an event stream over HTTP ends, as its <c>end</c> says it.</summary>
internal static class EndReasons
{
    public const string Revoked = "revoked";
    public const string Expired = "expired";
    public const string Age = "age";
    public const string Draining = "draining";
    public const string Refused = "refused";
    public const string CaughtUp = "caught_up";

    /// <summary>For what a service says, which may know of a revocation a moment earlier.</summary>
    public static string Of(RpcException refused) => refused.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason switch
    {
        "TOKEN_REVOKED" => Revoked,
        "TOKEN_EXPIRED" => Expired,
        _ => Refused,
    };
}
