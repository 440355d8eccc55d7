using System.Data.Common;
using Microservices.Hosting;
using Microservices.Persistence;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Topics;

/// <summary>
/// Keeps this replica's share of a consumer's partitions and consumes each of them. When the process is told to stop it gives them up, so
/// that others take them at their next look, a quarter of a lease later at the most.
/// </summary>
internal sealed partial class PartitionWorker<TContext, TEvent>(
    string consumer, PartitionLeases<TContext> leases, PartitionConsumer<TContext, TEvent> partitions, IOptions<PartitionConsumerOptions> options, Drain drain,
    TimeProvider time, ILogger<PartitionWorker<TContext, TEvent>> logger)
    : BackgroundService
    where TContext : ServiceDbContext
{
    private readonly string replica = $"{Environment.ProcessId}-{Guid.NewGuid():n}";
    private readonly Dictionary<int, (Task Task, CancellationTokenSource Stop)> consumed = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The drain comes first: others need not wait until the streams of this process have ended.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, drain.Token);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await BalanceAsync(stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                // Whatever the database throws: this replica must go on to renew its leases when it is back.
                // Consuming goes on: should another replica have a partition by now, its position has moved.
                var level = DatabaseAwayException.LevelOf(exception, LogLevel.Warning);
                LogNotBalanced(level, exception, consumer);
            }
            await Task.Delay(options.Value.LeaseDuration / 4, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await LeaveAsync();
    }

    private async Task BalanceAsync(CancellationToken cancellationToken)
    {
        var share = await leases.BalanceAsync(replica, options.Value.LeaseDuration, cancellationToken);
        await EndAsync([.. consumed.Keys.Except(share.Owned)]);
        await EndAsync(share.Surplus);
        if (share.Surplus.Count > 0)
            await leases.ReleaseAsync(replica, share.Surplus, cancellationToken);

        var had = consumed.Count;
        foreach (var partition in share.Owned.Except(share.Surplus).Except(consumed.Keys).ToList())
        {
            var stop = new CancellationTokenSource();
            consumed[partition] = (partitions.RunAsync(partition, stop.Token), stop);
        }

        if (consumed.Count != had || share.Surplus.Count > 0)
            LogShare(consumer, consumed.Count);
    }

    private async Task EndAsync(IReadOnlyCollection<int> ended)
    {
        var stopped = ended.Where(consumed.ContainsKey).Select(p => consumed[p]).ToList();
        foreach (var (_, stop) in stopped)
            await stop.CancelAsync();
        await Task.WhenAll(stopped.Select(s => s.Task));
        foreach (var (_, stop) in stopped)
            stop.Dispose();
        foreach (var partition in ended)
            consumed.Remove(partition);
    }

    private async Task LeaveAsync()
    {
        await EndAsync([.. consumed.Keys]);
        using var enough = new CancellationTokenSource(options.Value.LeaseDuration, time);
        try
        {
            await leases.LeaveAsync(replica, enough.Token);
        }
        catch (Exception exception) when (exception is DbException or InvalidOperationException or OperationCanceledException)
        {
            // They then end by themselves.
            LogNotLeft(consumer, exception.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "This process works on {Count} partitions of {Consumer}")]
    private partial void LogShare(string consumer, int count);

    [LoggerMessage("The leases on {Consumer} were not renewed this time")]
    private partial void LogNotBalanced(LogLevel level, Exception exception, string consumer);

    [LoggerMessage(LogLevel.Debug, "The leases on {Consumer} were not given back: {Cause}")]
    private partial void LogNotLeft(string consumer, string cause);
}
