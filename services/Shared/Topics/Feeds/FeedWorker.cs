using System.Data.Common;
using Microservices.Hosting;
using Microservices.Persistence;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Topics;

/// <summary>
/// Keeps this replica's share of a feed's partitions and follows each of them. When the process is told to stop it gives them up, so
/// that others take them at their next look, a quarter of a lease later at the most.
/// </summary>
internal sealed partial class FeedWorker<TContext, TSubscription, TEvent>(
    string feed, FeedLeases<TContext> leases, FeedFollower<TContext, TSubscription, TEvent> follower, FeedOptions options, Drain drain,
    TimeProvider time, ILogger<FeedWorker<TContext, TSubscription, TEvent>> logger)
    : BackgroundService
    where TContext : ServiceDbContext
    where TSubscription : class, IUserSubscription, new()
{
    private readonly string replica = $"{Environment.ProcessId}-{Guid.NewGuid():n}";
    private readonly Dictionary<int, (Task Task, CancellationTokenSource Stop)> followed = [];

    /// <inheritdoc/>
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
            catch (DatabaseAwayException exception)
            {
                // The process has said so, once for all. What is followed goes on, as below.
                LogWaits(exception, feed);
            }
#pragma warning disable CA1031 // Whatever the database throws: this replica must go on to renew its leases when it is back.
            catch (Exception exception)
            {
                // What is followed goes on: should another replica have it by now, the position says so.
                LogNotBalanced(exception, feed);
            }
#pragma warning restore CA1031
            await Task.Delay(options.LeaseDuration / 4, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await LeaveAsync();
    }

    private async Task BalanceAsync(CancellationToken cancellationToken)
    {
        var share = await leases.BalanceAsync(replica, options.LeaseDuration, cancellationToken);
        await UnfollowAsync([.. followed.Keys.Except(share.Owned)]);
        await UnfollowAsync(share.Surplus);
        if (share.Surplus.Count > 0)
            await leases.ReleaseAsync(replica, share.Surplus, cancellationToken);

        var had = followed.Count;
        foreach (var partition in share.Owned.Except(share.Surplus).Except(followed.Keys).ToList())
        {
            var stop = new CancellationTokenSource();
            followed[partition] = (follower.RunAsync(partition, stop.Token), stop);
        }

        if (followed.Count != had || share.Surplus.Count > 0)
            LogShare(feed, followed.Count);
    }

    private async Task UnfollowAsync(IReadOnlyCollection<int> partitions)
    {
        var stopped = partitions.Where(followed.ContainsKey).Select(p => followed[p]).ToList();
        foreach (var (_, stop) in stopped)
            await stop.CancelAsync();
        await Task.WhenAll(stopped.Select(s => s.Task));
        foreach (var (_, stop) in stopped)
            stop.Dispose();
        foreach (var partition in partitions)
            followed.Remove(partition);
    }

    private async Task LeaveAsync()
    {
        await UnfollowAsync([.. followed.Keys]);
        using var enough = new CancellationTokenSource(options.LeaseDuration, time);
        try
        {
            await leases.LeaveAsync(replica, enough.Token);
        }
        catch (Exception exception) when (exception is DbException or InvalidOperationException or OperationCanceledException)
        {
            // They then end by themselves.
            LogNotLeft(feed, exception.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "This process works on {Count} partitions of {Feed}")]
    private partial void LogShare(string feed, int count);

    [LoggerMessage(LogLevel.Warning, "The leases on {Feed} were not renewed this time")]
    private partial void LogNotBalanced(Exception exception, string feed);

    [LoggerMessage(LogLevel.Debug, "The leases on {Feed} wait for the database")]
    private partial void LogWaits(Exception exception, string feed);

    [LoggerMessage(LogLevel.Debug, "The leases on {Feed} were not given back: {Cause}")]
    private partial void LogNotLeft(string feed, string cause);
}
