using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>Deletes flows that are over past their retention, with their steps.</summary>
internal sealed class FlowCleaner(Database<JobsDbContext> database, IOptions<FlowsOptions> options, TimeProvider time, ILogger<FlowCleaner> logger)
    : Cleaner(options.Value.Retention, time, logger)
{
    // Each may have two thousand steps.
    private const int AtOnce = 20;

    protected override async Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken)
    {
        var all = 0;
        for (var deleted = AtOnce; deleted == AtOnce && all < count; all += deleted)
        {
            deleted = await database.WriteAsync(async context =>
            {
                var old = await context.Flows.Where(f => f.EndTime < before).OrderBy(f => f.EndTime).Take(AtOnce).Select(f => f.FlowId).ToListAsync(cancellationToken);
                await context.DeleteFlowsAsync(old, cancellationToken);
                return old.Count;
            }, cancellationToken);
        }

        return all;
    }
}
