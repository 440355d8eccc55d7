using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Webhooks;

/// <summary>Registers what manages sources, and takes, keeps and tells of what they receive.</summary>
internal static class SourcesRegistration
{
    public static void AddSources(this WebApplicationBuilder builder)
    {
        builder.AddMetrics<ReceivedMetrics>();
        builder.Services.AddSingleton<CreateSource>();
        builder.Services.AddSingleton<ReadSources>();
        builder.Services.AddSingleton<ChangeSource>();
        builder.Services.AddSingleton<ReadReceived>();
        builder.Services.AddSingleton<Receive>();
        builder.Services.AddHostedService<ReceivedCleaner>();
        builder.Services.AddEventStreamServer<WatchReceivedRequest, WatchReceived>(V1.SourcesService.WatchReceived);
        builder.AddWarmUp<Rehearsal<WebhooksDbContext>>((rehearsal, stop) =>
            rehearsal.RunAsync<CreateSource>(create => create.HandleAsync(CreateSource.Rehearsed(), Rights.OfProcess, stop)));
    }
}

/// <summary>Deletes what was received past its retention.</summary>
internal sealed class ReceivedCleaner(Database<WebhooksDbContext> database, IOptions<WebhooksOptions> options, TimeProvider time, ILogger<ReceivedCleaner> logger)
    : Cleaner(options.Value.Retention, time, logger)
{
    protected override Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken) =>
        database.WriteAsync(context => context.Received.Where(r => r.CreateTime < before).OrderBy(r => r.CreateTime).Take(count).ExecuteDeleteAsync(cancellationToken), cancellationToken);
}
