using System.Diagnostics.Metrics;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Hosting.Operations;

/// <summary>Registers what operators see of a process.</summary>
public static class OperationsRegistration
{
    /// <summary>Serves a gRPC service that a shared part has, and that no service of the suite has to map.</summary>
    public static void AddSharedGrpcService<TService>(this WebApplicationBuilder builder)
        where TService : class => builder.Services.AddSingleton(new SharedGrpcService(app => app.MapGrpcService<TService>()));

    /// <summary>Registers them, for a process of this name.</summary>
    internal static void AddOperations(this WebApplicationBuilder builder, string name)
    {
        builder.Services.AddValidatedOptions<OperationsOptions, OperationsOptionsValidator>("Operations");
        builder.Services.AddSingleton<Watches>();
        builder.Services.AddSingleton<OtherStreams>();
        builder.Services.AddSingleton<IOpenStreams>(services => services.GetRequiredService<OtherStreams>());
        builder.Services.AddSingleton<StreamSampler>();
        builder.Services.AddSingleton(services => new ProcessSampler(
            name, services.GetRequiredService<IMeterFactory>(), services.GetRequiredService<HealthCheckService>(), services.GetRequiredService<StreamSampler>(),
            services.GetRequiredService<Watches>(), services.GetRequiredService<TimeProvider>()));
        builder.AddSharedGrpcService<StreamsService>();
        builder.AddSharedGrpcService<OperationsService>();
    }

    /// <summary>Maps what <see cref="AddSharedGrpcService{TService}"/> has registered.</summary>
    internal static void MapSharedGrpcServices(this WebApplication app)
    {
        foreach (var service in app.Services.GetServices<SharedGrpcService>())
            service.Map(app);
    }

    private sealed record SharedGrpcService(Action<IEndpointRouteBuilder> Map);
}
