using Grpc.Core;
using Grpc.Core.Interceptors;
using Microservices.Hosting.Errors;
using Microservices.Streaming.V1;

namespace Microservices.Hosting.Faults;

/// <summary>Applies the rules to a call as it begins. Call streams are let through: the rules apply to each of their calls.</summary>
internal sealed class FaultInterceptor(FaultRules rules, TimeProvider time) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        await ApplyAsync(context);
        return await continuation(request, context);
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await ApplyAsync(context);
        return await continuation(requestStream, context);
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await ApplyAsync(context);
        await continuation(request, responseStream, context);
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        if (!typeof(TRequest).IsAssignableTo(typeof(ICallFrame)))
            await ApplyAsync(context);
        await continuation(requestStream, responseStream, context);
    }

    private async Task ApplyAsync(ServerCallContext context)
    {
        var fate = rules.Intercept(context.Method);
        if (fate.Delay > TimeSpan.Zero)
            await Task.Delay(fate.Delay, time, context.CancellationToken);
        if (fate.CutsStream)
        {
            context.GetHttpContext().Abort();
            throw new OperationCanceledException("cut by a fault rule");
        }

        if (fate.Error is { } error)
            throw new StatusException(error);
    }
}
