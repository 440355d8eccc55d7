using System.Data.Common;
using Google.Rpc;
using Grpc.Core;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Logging;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>
/// What a caller is told when something throws, whether it is a method, a handler of a call stream or a source of an event stream. Only a
/// <see cref="StatusException"/> and a <see cref="BadRequestException"/> are meant for the caller; of all others it learns the code and a sentence
/// of ours, and the log has the rest. Thread-safe.
/// </summary>
public partial class ErrorMapper(ILogger<ErrorMapper> logger) : IErrorMapper
{
    private static readonly ErrorDomain Domain = new("suite");

    /// <inheritdoc/>
    public Status ToStatus(Exception exception, string method, ServerCallContext? call = null)
    {
        var status = Map(exception, call);
        var code = (StatusCode)status.Code;
        if (exception is BadRequestException)
            LogBad(method, code, status.Message);
        else if (code is StatusCode.Internal or StatusCode.Unknown)
            LogUnexpected(method, exception);
        else if (exception is DbException { IsTransient: true })
            LogDatabaseAway(method, code, exception.Message);
        else if (exception is not StatusException && call?.CancellationToken.IsCancellationRequested != true)
            LogExpected(method, code, exception.Message);
        return status;
    }

    /// <summary>
    /// What the caller is told when a service fails that this one depends on: whether trying again helps, and when. Nothing else is passed on.
    /// </summary>
    protected virtual Status FromUpstream(RpcException exception)
    {
        var status = exception.StatusCode switch
        {
            StatusCode.Unavailable or StatusCode.Aborted => Domain.Unavailable("UPSTREAM_UNAVAILABLE", "A service that this one needs is not available."),
            StatusCode.DeadlineExceeded => Domain.Other(StatusCode.DeadlineExceeded, "UPSTREAM_TIMEOUT", "A service that this one needs did not answer in time."),
            StatusCode.ResourceExhausted => Domain.Exhausted("UPSTREAM_OVERLOADED", "A service that this one needs is overloaded."),
            StatusCode.Cancelled => Domain.Other(StatusCode.Cancelled, "CANCELLED", "The call was cancelled."),
            _ => Domain.Other(StatusCode.Internal, "UPSTREAM_ERROR", "A service that this one needs failed."),
        };
        if (exception.Trailers.GetRpcStatus(ignoreParseError: true) is { } given)
            status.Details.AddRange(given.Details.Where(detail => detail.Is(RetryInfo.Descriptor)).Take(1));
        return ErrorBounds.Fit(status);
    }

    private Status Map(Exception exception, ServerCallContext? call) => exception switch
    {
        StatusException status => ErrorBounds.Fit(status.Status),
        BadRequestException bad => bad.ToStatus(),
        _ when call?.CancellationToken.IsCancellationRequested == true => Ended(call),
        RpcException rpc => FromUpstream(rpc),
        OperationCanceledException => Domain.Other(StatusCode.Cancelled, "CANCELLED", "The call was cancelled."),
        _ when IsDatabaseAway(exception) => Domain.UnavailableForNow("DATABASE_UNAVAILABLE", "The database cannot be reached, is busy, or takes no writes."),
        _ => Domain.Other(StatusCode.Internal, "INTERNAL", "Something went wrong inside the service."),
    };

    private static Status Ended(ServerCallContext call) =>
        call.Deadline <= DateTime.UtcNow.AddMilliseconds(1)
            ? Domain.Other(StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED", "The deadline passed before the answer was ready.")
            : Domain.Other(StatusCode.Cancelled, "CANCELLED", "The caller cancelled the call.");

    // Persistence decides what counts: the exceptions that it throws for an outage are transient, whatever the driver calls them.
    private static bool IsDatabaseAway(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is DbException { IsTransient: true } or TimeoutException)
                return true;
        }

        return false;
    }

    // The caller's doing, which may happen a hundred thousand times.
    [LoggerMessage(LogLevel.Debug, "{Method} answered {Code} to a request that cannot be read: {Cause}")]
    private partial void LogBad(string method, StatusCode code, string cause);

    [LoggerMessage(LogLevel.Error, "{Method} failed unexpectedly")]
    private partial void LogUnexpected(string method, Exception exception);

    // Persistence logs an outage once for all calls.
    [LoggerMessage(LogLevel.Debug, "{Method} answered {Code}, since the database is away: {Cause}")]
    private partial void LogDatabaseAway(string method, StatusCode code, string cause);

    [LoggerMessage(LogLevel.Warning, "{Method} answered {Code}: {Cause}")]
    private partial void LogExpected(string method, StatusCode code, string cause);
}
