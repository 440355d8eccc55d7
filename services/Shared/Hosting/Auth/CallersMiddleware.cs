using System.Diagnostics;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Telemetry;
using Microsoft.AspNetCore.Http;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Auth;

/// <summary>
/// Lets callers in of methods that have a single request, before gRPC reads that: who may not call makes the process read and parse nothing. Methods that
/// read their requests themselves are checked before they do (<see cref="CallPipeline"/>), so that nothing is kept here while a stream is open.
/// </summary>
internal sealed class CallersMiddleware(RequestDelegate next, CallerCheck callers, CallMetrics metrics)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not { Method.Type: MethodType.Unary or MethodType.ServerStreaming } grpc)
            return next(http);
        var check = callers.RefusalAsync(http);
        return check.IsCompletedSuccessfully ? GoOnAsync(http, grpc.Method, check.Result) : WaitAsync(http, grpc.Method, check);
    }

    private async Task WaitAsync(HttpContext http, IMethod method, ValueTask<Status?> check)
    {
        Status? refusal;
        try
        {
            refusal = await check;
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone.
            return;
        }

        await GoOnAsync(http, method, refusal);
    }

    private Task GoOnAsync(HttpContext http, IMethod method, Status? refusal)
    {
        if (refusal is null)
            return next(http);
        if (method.Type == MethodType.Unary)
        {
            metrics.Answered(method.FullName, (StatusCode)refusal.Code, Stopwatch.GetTimestamp());
        }
        else
        {
            metrics.StreamOpened(method.FullName);
            metrics.StreamEnded(method.FullName, (StatusCode)refusal.Code);
        }

        TrailersOnly.Answer(http, refusal);
        return Task.CompletedTask;
    }
}
