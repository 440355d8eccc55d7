using System.Data.Common;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>
/// What a caller is told of an exception. Only a <see cref="StatusException"/> speaks for itself; of all others the caller learns
/// the code and a sentence of ours, never the exception's text.
/// </summary>
public static class ErrorMapping
{
    private static readonly ErrorDomain Domain = new("suite");

    /// <summary>The status for an exception. <paramref name="call"/>, if there is one, tells a caller that hung up from a deadline that passed.</summary>
    public static Status ToStatus(Exception exception, ServerCallContext? call = null) => exception switch
    {
        StatusException status => ErrorBounds.Fit(status.Status),
        BadRequestException bad => bad.ToStatus(),
        _ when call?.CancellationToken.IsCancellationRequested == true => Ended(call),
        RpcException rpc => FromUpstream(rpc.StatusCode),
        OperationCanceledException => Domain.Other(StatusCode.Cancelled, "CANCELLED", "The call was cancelled."),
        _ when DatabaseIsAway(exception) => Domain.UnavailableForNow("DATABASE_UNAVAILABLE", "The database cannot be reached, is busy, or takes no writes."),
        _ => Domain.Other(StatusCode.Internal, "INTERNAL", "Something went wrong inside the service."),
    };

    /// <summary>Whether an exception is expected in operation and needs no stack trace in the log.</summary>
    internal static bool IsExpected(Status status) => (StatusCode)status.Code is not (StatusCode.Internal or StatusCode.Unknown);

    private static Status Ended(ServerCallContext call) =>
        call.Deadline <= DateTime.UtcNow.AddMilliseconds(1)
            ? Domain.Other(StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED", "The deadline passed before the answer was ready.")
            : Domain.Other(StatusCode.Cancelled, "CANCELLED", "The caller cancelled the call.");

    // A service that this one depends on failed: whether trying again helps is all that is passed on.
    private static Status FromUpstream(StatusCode code) => code switch
    {
        StatusCode.Unavailable or StatusCode.Aborted => Domain.Unavailable("UPSTREAM_UNAVAILABLE", "A service that this one needs is not available."),
        StatusCode.DeadlineExceeded => Domain.Other(code, "UPSTREAM_TIMEOUT", "A service that this one needs did not answer in time."),
        StatusCode.ResourceExhausted => Domain.Exhausted("UPSTREAM_OVERLOADED", "A service that this one needs is overloaded."),
        StatusCode.Cancelled => Domain.Other(code, "CANCELLED", "The call was cancelled."),
        _ => Domain.Other(StatusCode.Internal, "UPSTREAM_ERROR", "A service that this one needs failed."),
    };

    // Persistence decides what is: its exceptions are transient, whatever the driver calls it.
    private static bool DatabaseIsAway(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is DbException { IsTransient: true } or TimeoutException)
                return true;
        }

        return false;
    }
}
