using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Topics;

/// <summary>How far a consumer has come in each partition. Thread-safe.</summary>
internal sealed class PartitionPositions<TContext>(string consumer, Database<TContext> database)
    where TContext : ServiceDbContext
{
    /// <summary>The place after the last event that was dealt with; empty when there is none.</summary>
    public Task<string> ReadAsync(int partition, CancellationToken cancellationToken) =>
        database.ReadAsync(async context => await context.Set<PartitionPosition>()
            .Where(p => p.Consumer == consumer && p.Partition == partition)
            .Select(p => p.Cursor)
            .FirstOrDefaultAsync(cancellationToken) ?? "", cancellationToken);

    /// <summary>
    /// Moves the position and commits the change with it; nothing happens when the position is not where it was read, for then another
    /// replica has dealt with these events.
    /// </summary>
    /// <returns>What the change returned; null when the position was elsewhere.</returns>
    public Task<int?> MoveAsync(int partition, string from, string to, Func<TContext, Task<int>> change, CancellationToken cancellationToken) =>
        database.WriteAsync<int?>(async context =>
        {
            // First: it locks the row, so whoever else is at the same events waits here and then finds them dealt with.
            if (!await SwapAsync(context, partition, from, to, cancellationToken))
                return null;
            return await change(context);
        }, cancellationToken);

    /// <summary>Within a change: only the first of the events were dealt with, and the position stays before them.</summary>
    public Task StayAsync(TContext context, int partition, string at, CancellationToken cancellationToken) =>
        context.Set<PartitionPosition>().Where(p => p.Consumer == consumer && p.Partition == partition).ExecuteUpdateAsync(s => s.SetProperty(p => p.Cursor, at), cancellationToken);

    private async Task<bool> SwapAsync(TContext context, int partition, string from, string to, CancellationToken cancellationToken)
    {
        var positions = context.Set<PartitionPosition>().Where(p => p.Consumer == consumer && p.Partition == partition);
        if (await positions.Where(p => p.Cursor == from).ExecuteUpdateAsync(s => s.SetProperty(p => p.Cursor, to), cancellationToken) == 1)
            return true;
        if (from.Length > 0 || await positions.AnyAsync(cancellationToken))
            return false;
        // Another replica that begins at the same time makes this collide, and then this is run again and finds its row.
        context.Add(new PartitionPosition { Consumer = consumer, Partition = partition, Cursor = to });
        await context.SaveChangesAsync(cancellationToken);
        return true;
    }
}
