using Microservices.Hosting;
using Microservices.Jobs.V1;
using Microservices.Persistence;

namespace Microservices.Jobs;

/// <summary>Registers what starts, runs, keeps and tells of flows.</summary>
internal static class FlowsRegistration
{
    // A turn fails only by its database or by a fault: what its steps have come to stays.
    private static readonly TimeSpan[] Retries = [.. Enumerable.Repeat(TimeSpan.FromSeconds(1), 100)];

    public static void AddFlows(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<FlowsOptions, FlowsOptionsValidator>(FlowsOptions.Section);
        builder.AddMetrics<FlowMetrics>();
        builder.Services.AddSingleton<FlowKinds>();
        builder.Services.AddSingleton<FlowSteps>();
        builder.Services.AddSingleton<StartFlow>();
        builder.Services.AddSingleton<ReadFlows>();
        builder.Services.AddSingleton<SignalFlow>();
        builder.Services.AddSingleton<CancelFlow>();
        builder.Services.AddHostedService<FlowCleaner>();
        builder.AddDueWork<JobsDbContext, RunFlows>(FlowTurns.Kind, Retries);
        builder.AddDueWork<JobsDbContext, WakeFlow>(FlowTurns.TimerKind, Retries);
        builder.Services.AddEventStreamServer<WatchFlowsRequest, WatchFlows>(V1.FlowsService.WatchFlows);
        builder.Services.AddFlow<ArchiveCsv>();
    }

    /// <summary>Has this process run the flows of a kind.</summary>
    public static IServiceCollection AddFlow<TKind>(this IServiceCollection services)
        where TKind : class, IFlowKind => services.AddSingleton<IFlowKind, TKind>();
}
