using System.Data.Common;
using Grpc.Core;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Faults;
using Microservices.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Microservices.Hosting;

/// <summary>
/// What stands around every gRPC method: faults, if there are rules; whatever it throws becomes a status with details, by
/// <see cref="ErrorMapping"/>; what nobody expected is logged; and <see cref="CallMetrics"/> get the status as the caller sees it. Not
/// interceptors: the first of those keeps half a kilobyte for as long as a stream is open, and each further one a third of it. Thread-safe.
/// </summary>
internal sealed partial class CallPipeline(CallMetrics metrics, CallAdmission admission, ILogger<CallPipeline> logger, FaultGate? faults = null)
{
    /// <summary>A stream begins.</summary>
    public void Opened(ServerCallContext call) => metrics.StreamOpened(call.Method);

    /// <summary>Returns when the method may run.</summary>
    public ValueTask AdmitAsync<TRequest>(ServerCallContext call) => faults?.ApplyAsync<TRequest>(call) ?? ValueTask.CompletedTask;

    /// <summary>A stream's method has returned.</summary>
    public void Ended(ServerCallContext call) => metrics.StreamEnded(call.Method, call.Status.StatusCode);

    /// <summary>Returns when a unary method may run, with what is to be left when it has; null when nothing is.</summary>
    public ValueTask<FairGate?> AdmitUnaryAsync<TRequest>(ServerCallContext call) => admission.EnterAsync<TRequest>(call);

    /// <summary>A unary method has returned.</summary>
    public void Answered(ServerCallContext call, long startTimestamp) => metrics.Answered(call.Method, call.Status.StatusCode, startTimestamp);

    /// <summary>A method has thrown, a stream's unless it says when it began. Returns what is to be thrown instead.</summary>
    public Exception Failed(ServerCallContext call, Exception exception, long? startTimestamp = null)
    {
        // Health and reflection speak for themselves.
        var thrown = call.Method.StartsWith("/grpc.", StringComparison.Ordinal) ? exception : Translate(exception, call);
        var code = thrown is RpcException { StatusCode: var known } ? known : StatusCode.Unknown;
        if (startTimestamp is { } start)
            metrics.Answered(call.Method, code, start);
        else
            metrics.StreamEnded(call.Method, code);
        return thrown;
    }

    private RpcException Translate(Exception exception, ServerCallContext call)
    {
        var status = ErrorMapping.ToStatus(exception, call);
        if (exception is BadRequestException)
            LogBad(call.Method, (StatusCode)status.Code, status.Message);
        else if (!ErrorMapping.IsExpected(status))
            LogUnexpected(call.Method, exception);
        else if (exception is DbException { IsTransient: true })
            LogDatabaseAway(call.Method, (StatusCode)status.Code, exception.Message);
        else if (exception is not StatusException && !call.CancellationToken.IsCancellationRequested)
            LogExpected(call.Method, (StatusCode)status.Code, exception.Message);
        return status.ToRpcException();
    }

    // The caller's doing, which may be done a hundred thousand times.
    [LoggerMessage(LogLevel.Debug, "{Method} answered {Code} to a request that cannot be read: {Cause}")]
    private partial void LogBad(string method, StatusCode code, string cause);

    [LoggerMessage(LogLevel.Error, "{Method} failed unexpectedly")]
    private partial void LogUnexpected(string method, Exception exception);

    // An outage is told once for all calls, by whoever has the database.
    [LoggerMessage(LogLevel.Debug, "{Method} answered {Code}, since the database is away: {Cause}")]
    private partial void LogDatabaseAway(string method, StatusCode code, string cause);

    [LoggerMessage(LogLevel.Warning, "{Method} answered {Code}: {Cause}")]
    private partial void LogExpected(string method, StatusCode code, string cause);
}
