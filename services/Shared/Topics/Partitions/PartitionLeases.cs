using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Topics;

/// <summary>A replica's share of the partitions.</summary>
/// <param name="Owned">Those it has.</param>
/// <param name="Surplus">Of these, those that it should give up, since there are replicas with fewer.</param>
internal sealed record PartitionShare(IReadOnlyList<int> Owned, IReadOnlyList<int> Surplus);

/// <summary>
/// Spreads the partitions of a consumer evenly over the live replicas: each renews its own row and its leases, keeps at most its share (all
/// partitions by the number of replicas, rounded up) and takes what is free. The time is the database's; an expiry further ahead than two
/// durations, as a wrong clock leaves it, does not count. Thread-safe.
/// </summary>
internal sealed class PartitionLeases<TContext>(string consumer, Database<TContext> database)
    where TContext : ServiceDbContext
{
    /// <summary>Renews the replica's row and its leases, and takes free ones up to its share.</summary>
    public Task<PartitionShare> BalanceAsync(string replica, TimeSpan duration, CancellationToken cancellationToken) =>
        database.WriteAsync(async context =>
        {
            var now = await context.ReadClockAsync(cancellationToken);
            var until = now + (long)duration.TotalMilliseconds;
            // Others renew between our look at the clock and at their rows: one duration more keeps what they have just written theirs.
            var beyond = until + (long)duration.TotalMilliseconds;
            var replicas = await CountReplicasAsync(context, replica, now, until, beyond, cancellationToken);
            var share = (KeyedTopics.Partitions + replicas - 1) / replicas;

            await MakeLeasesAsync(context, cancellationToken);
            var leases = context.Set<PartitionLease>().Where(l => l.Consumer == consumer);
            var kept = await leases.Where(l => l.Owner == replica).ExecuteUpdateAsync(s => s.SetProperty(l => l.ExpiresAtMs, until), cancellationToken);
            if (kept < share)
            {
                // A replica that looks at the same time may choose the same: the condition decides, as it is when the row is locked.
                var free = await leases.Where(l => l.ExpiresAtMs <= now || l.ExpiresAtMs > beyond).OrderBy(l => l.Partition).Select(l => l.Partition).Take(share - kept).ToListAsync(cancellationToken);
                await leases.Where(l => free.Contains(l.Partition) && (l.ExpiresAtMs <= now || l.ExpiresAtMs > beyond))
                    .ExecuteUpdateAsync(s => s.SetProperty(l => l.Owner, replica).SetProperty(l => l.ExpiresAtMs, until), cancellationToken);
            }

            var owned = await leases.Where(l => l.Owner == replica).OrderBy(l => l.Partition).Select(l => l.Partition).ToListAsync(cancellationToken);
            return new PartitionShare(owned, [.. owned.Skip(share)]);
        }, cancellationToken);

    /// <summary>Gives partitions up, so that others need not wait for the end of their leases.</summary>
    public Task ReleaseAsync(string replica, IReadOnlyCollection<int> partitions, CancellationToken cancellationToken) =>
        database.WriteAsync(context => FreeAsync(context, replica, partitions, cancellationToken), cancellationToken);

    /// <summary>Gives everything up: the replica is about to stop.</summary>
    public Task LeaveAsync(string replica, CancellationToken cancellationToken) =>
        database.WriteAsync(async context =>
        {
            await context.Set<ConsumerReplica>().Where(r => r.Consumer == consumer && r.Replica == replica).ExecuteDeleteAsync(cancellationToken);
            return await FreeAsync(context, replica, [.. Enumerable.Range(0, KeyedTopics.Partitions)], cancellationToken);
        }, cancellationToken);

    private Task<int> FreeAsync(TContext context, string replica, IReadOnlyCollection<int> partitions, CancellationToken cancellationToken) =>
        context.Set<PartitionLease>()
            .Where(l => l.Consumer == consumer && l.Owner == replica && partitions.Contains(l.Partition))
            .ExecuteUpdateAsync(s => s.SetProperty(l => l.Owner, "").SetProperty(l => l.ExpiresAtMs, 0), cancellationToken);

    /// <summary>How many live, this one included.</summary>
    private async Task<int> CountReplicasAsync(TContext context, string replica, long now, long until, long beyond, CancellationToken cancellationToken)
    {
        var replicas = context.Set<ConsumerReplica>().Where(r => r.Consumer == consumer);
        await replicas.Where(r => r.Replica != replica && (r.ExpiresAtMs <= now || r.ExpiresAtMs > beyond)).ExecuteDeleteAsync(cancellationToken);
        if (await replicas.Where(r => r.Replica == replica).ExecuteUpdateAsync(s => s.SetProperty(r => r.ExpiresAtMs, until), cancellationToken) == 0)
        {
            context.Add(new ConsumerReplica { Consumer = consumer, Replica = replica, ExpiresAtMs = until });
            await context.SaveChangesAsync(cancellationToken);
        }

        return await replicas.CountAsync(cancellationToken);
    }

    private async Task MakeLeasesAsync(TContext context, CancellationToken cancellationToken)
    {
        if (await context.Set<PartitionLease>().AnyAsync(l => l.Consumer == consumer, cancellationToken))
            return;
        context.AddRange(Enumerable.Range(0, KeyedTopics.Partitions).Select(p => new PartitionLease { Consumer = consumer, Partition = p, Owner = "", ExpiresAtMs = 0 }));
        await context.SaveChangesAsync(cancellationToken);
    }
}
