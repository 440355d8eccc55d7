using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microservices.Hosting.Errors;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Faults;

/// <summary>
/// Delays, fails or cuts calls by configuration, for tests, benchmarks and demos. Outside the Development environment nothing of
/// it is registered, and a configuration that asks for it stops the process.
/// </summary>
internal static class FaultRegistration
{
    private const string Section = "Faults";

    public static void AddFaults(this WebApplicationBuilder builder, IGrpcServerBuilder grpc)
    {
        if (!builder.Configuration.GetSection(Section).Exists())
            return;
        if (!builder.Environment.IsDevelopment())
            throw new InvalidOperationException($"Configuration {Section} is set, but faults exist in the Development environment only; this is {builder.Environment.EnvironmentName}");

        builder.AddValidatedOptions<FaultOptions>(Section);
        // Innermost: what it throws is measured and mapped like any other error.
        grpc.Services.Configure<GrpcServiceOptions>(options => options.Interceptors.Add<FaultInterceptor>());
    }
}

/// <summary>Applies the rules to a call as it begins.</summary>
internal sealed class FaultInterceptor(IOptions<FaultOptions> options, TimeProvider time) : Interceptor
{
    private static readonly ErrorDomain Domain = new("suite");

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
        await ApplyAsync(context);
        await continuation(requestStream, responseStream, context);
    }

    private async Task ApplyAsync(ServerCallContext context)
    {
        foreach (var rule in options.Value.Rules)
        {
            if ((rule.Method != "*" && rule.Method != context.Method) || Random.Shared.NextDouble() >= rule.Probability)
                continue;
            if (rule.Delay > TimeSpan.Zero)
                await Task.Delay(rule.Delay, time, context.CancellationToken);
            if (rule.Cut)
            {
                context.GetHttpContext().Abort();
                throw new OperationCanceledException("cut by a fault rule");
            }

            if (rule.Status is { } status)
                throw new StatusException(Domain.Other(status, "FAULT_INJECTED", "A fault rule of this process asked for this error."));
        }
    }
}
