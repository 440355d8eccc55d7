using Google.Protobuf;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Faults;
using Microservices.Hosting.Operations;
using Microservices.Hosting.Telemetry;
using Microservices.Operations.V1;
using Microservices.Primitives;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Http;

namespace Microservices.Hosting;

/// <summary>
/// Wraps every gRPC method: lets its caller in by what its contract states; applies fault rules, if there are any; turns every exception into a status with details, by the process's
/// <see cref="IErrorMapper"/>; and gives <see cref="CallMetrics"/> the status that the caller sees. This is not done by interceptors, since the
/// first one keeps half a kilobyte for as long as a stream is open, and each further one a third of it. Thread-safe.
/// </summary>
internal sealed class CallPipeline(CallMetrics metrics, CallerCheck callers, CallAdmission admission, UserStreams users, IErrorMapper errors, OtherStreams others, FaultRules? faults = null)
{
    /// <summary>A stream begins.</summary>
    public void Opened(ServerCallContext call) => metrics.StreamOpened(call.Method);

    /// <summary>Returns when the method may run: its caller may call it, about what the request says, if there is one request.</summary>
    /// <exception cref="StatusException">The caller may not.</exception>
    public async ValueTask AdmitAsync<TRequest>(ServerCallContext call, IMessage? request = null)
    {
        var http = call.GetHttpContext();
        // Where there is a single request, that was checked before it was read.
        if (http.User is not Principal && await callers.RefusalAsync(http) is { } refusal)
            throw new StatusException(refusal);
        if (request is not null && http.User is Principal caller && http.GetEndpoint()!.Metadata.GetMetadata<MethodAccess>() is { } access
            && access.Refusal(access.RightsOf(caller), request) is { } notYours)
            throw new StatusException(notYours);
        if (faults is not null)
            await faults.ApplyAsync<TRequest>(call);
    }

    /// <summary>Returns when the method of a stream may run, as <see cref="AdmitAsync"/> does: with what its caller has open by it, to be disposed of after it.</summary>
    /// <exception cref="StatusException">The caller may not, or has too many streams open.</exception>
    public async ValueTask<UserHold> AdmitStreamAsync<TRequest>(ServerCallContext call, IMessage? request = null)
    {
        await AdmitAsync<TRequest>(call, request);
        // Health and reflection are open to all, and to their callers nobody is known.
        return call.GetHttpContext().User is Principal caller ? users.Streams.Open(caller) : default;
    }

    /// <summary>The method of a stream, which operators see while it runs: where those that serve it do not list it themselves, it is listed here.</summary>
    public DuplexStreamingServerMethod<TService, TRequest, TResponse> Listed<TService, TRequest, TResponse>(DuplexStreamingServerMethod<TService, TRequest, TResponse> method)
        where TService : class
        where TRequest : class
        where TResponse : class =>
        // Those that there are many of are the same as before, and keep nothing for this.
        OtherStreams.AreListedElsewhere<TRequest>()
            ? method
            : (service, requests, responses, call) => others.ServeAsync(call, StreamKind.Command, () => method(service, requests, responses, call));

    /// <summary>As of a stream that its client sends on.</summary>
    public ServerStreamingServerMethod<TService, TRequest, TResponse> Listed<TService, TRequest, TResponse>(ServerStreamingServerMethod<TService, TRequest, TResponse> method)
        where TService : class
        where TRequest : class
        where TResponse : class =>
        (service, request, responses, call) => others.ServeAsync(call, StreamKind.Server, () => method(service, request, responses, call));

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
        var thrown = call.Method.StartsWith("/grpc.", StringComparison.Ordinal) ? exception : errors.ToStatus(exception, call.Method, call).ToRpcException();
        var code = thrown is RpcException { StatusCode: var known } ? known : StatusCode.Unknown;
        if (startTimestamp is { } start)
            metrics.Answered(call.Method, code, start);
        else
            metrics.StreamEnded(call.Method, code);
        return thrown;
    }
}
