using System.Data.Common;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>
/// The lease by which one replica relays at a time, as this process has it. Taken and renewed in the database, every third of its duration, and
/// only when asked for: an idle service writes nothing. Not thread-safe.
/// </summary>
internal sealed partial class RelayLease<TContext>(OutboxStore<TContext> store, IOptions<OutboxOptions> options, TimeProvider time, ILogger<RelayLease<TContext>> logger)
    where TContext : ServiceDbContext
{
    public const string Name = "relay";

    private readonly string owner = $"{Environment.ProcessId}-{Guid.NewGuid():n}";
    private readonly TimeSpan duration = options.Value.LeaseDuration;
    private long? heldSince;

    /// <summary>As far as this process knows: another may have taken it since.</summary>
    public bool IsHeld => heldSince is not null;

    /// <summary>Takes it or keeps it; false when another process has it.</summary>
    public async Task<bool> HoldAsync(CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        if (heldSince is { } since && time.GetElapsedTime(since, now) < duration / 3)
            return true;
        var had = IsHeld;
        heldSince = await store.TryLeaseAsync(Name, owner, duration, cancellationToken) ? now : null;
        if (IsHeld && !had)
            LogTaken();
        return IsHeld;
    }

    /// <summary>Gives it back, so that another need not wait for its end.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (!IsHeld)
            return;
        heldSince = null;
        try
        {
            await store.ReleaseAsync(Name, owner, cancellationToken);
        }
        catch (Exception exception) when (exception is DbException or InvalidOperationException or OperationCanceledException)
        {
            // It then ends by itself.
            LogNotReleased(exception.Message);
        }
    }

    [LoggerMessage(LogLevel.Debug, "This process relays the outbox")]
    private partial void LogTaken();

    [LoggerMessage(LogLevel.Debug, "The relay's lease was not given back: {Cause}")]
    private partial void LogNotReleased(string cause);
}
