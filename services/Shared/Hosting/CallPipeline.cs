using System.Data.Common;
using Grpc.Core;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Faults;
using Microservices.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Microservices.Hosting;

/// <summary>
/// Wraps every gRPC method: applies fault rules, if there are any; turns every exception into a status with details, by
/// <see cref="ErrorMapping"/>; logs unexpected ones; and gives <see cref="CallMetrics"/> the status that the caller sees. This is not done by
/// interceptors, since the first one keeps half a kilobyte for as long as a stream is open, and each further one a third of it. Thread-safe.
/// </summary>
internal sealed partial class CallPipeline(CallMetrics metrics, CallAdmission admission, ILogger<CallPipeline> logger, FaultGate? faults = null)
{
    /// <summary>A stream begins.</summary>
    public void Opened(ServerCallContext call) => metrics.StreamOpened(call.Method);

    /// <summary>Returns when the method may run.</summary>
    public ValueTask AdmitAsync<TRequest>(ServerCallContext call) => faults?.ApplyAsync<TRequest>(call) ?? ValueTask.CompletedTask;

    /// <summary>A stream's method has returned.</summary>
    public void Ended(ServerCallContext call) => metrics.StreamEnded(call.Method, call.Status.StatusCode);

    /// <summary>Returns when a unary method may run, with the gate to leave after it; null when there is none.</summary>
    public ValueTask<FairGate?> AdmitUnaryAsync<TRequest>(ServerCallContext call) => admission.EnterAsync<TRequest>(call);

    /// <summary>A unary method has returned.</summary>
    public void Answered(ServerCallContext call, long startTimestamp) => metrics.Answered(call.Method, call.Status.StatusCode, startTimestamp);

    /// <summary>A method has thrown: that of a stream, unless the start of a unary call is given. Returns what to throw instead.</summary>
    public Exception Failed(ServerCallContext call, Exception exception, long? startTimestamp = null)
    {
        // Health and reflection have statuses of their own.
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

    // The caller is at fault, and may be a hundred thousand times.
    [LoggerMessage(LogLevel.Debug, "{Method} answered {Code} to a request that cannot be read: {Cause}")]
    private partial void LogBad(string method, StatusCode code, string cause);

    [LoggerMessage(LogLevel.Error, "{Method} failed unexpectedly")]
    private partial void LogUnexpected(string method, Exception exception);

    // DatabaseOutage logs an outage once for all calls.
    [LoggerMessage(LogLevel.Debug, "{Method} answered {Code}, since the database is away: {Cause}")]
    private partial void LogDatabaseAway(string method, StatusCode code, string cause);

    [LoggerMessage(LogLevel.Warning, "{Method} answered {Code}: {Cause}")]
    private partial void LogExpected(string method, StatusCode code, string cause);
}
