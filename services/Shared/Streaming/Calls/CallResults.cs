using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>The errors that a stream itself answers calls with, in the handler's place.</summary>
internal static class CallResults
{
    /// <summary>UNAVAILABLE, reason PRINCIPAL_UNKNOWN: nothing was bound to the call's number, or it was forgotten.</summary>
    internal static Google.Rpc.Status PrincipalUnknown => new()
    {
        Code = (int)StatusCode.Unavailable,
        Message = "The call was not made: its principal is not known on this stream. Bind it anew.",
        Details = { Any.Pack(new ErrorInfo { Reason = CallPrincipals.UnknownReason, Domain = "rpc" }) },
    };

    /// <summary>Whether a call was not made since its principal is not known.</summary>
    internal static bool IsPrincipalUnknown(Google.Rpc.Status error) => error.Code == (int)StatusCode.Unavailable
        && error.GetDetail<ErrorInfo>() is { Reason: CallPrincipals.UnknownReason, Domain: "rpc" };

    internal static TResult Error<TResult>(StatusCode code, string message)
        where TResult : class, ICallResult, new() =>
        new() { Error = Status(code, message) };

    internal static Google.Rpc.Status Status(StatusCode code, string message) => new() { Code = (int)code, Message = message };
}
