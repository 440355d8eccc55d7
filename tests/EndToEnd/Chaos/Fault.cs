using Microservices.Tests.Support;

namespace Microservices.Tests.EndToEnd.Chaos;

/// <summary>Something that happens to a replica and is over by the time that it returns.</summary>
/// <param name="Name">For people.</param>
public abstract record Fault(string Name)
{
    /// <summary>Has it happen.</summary>
    /// <param name="replica">To whom.</param>
    /// <param name="look">Called while the replica stands still, before anybody could take over what it does: to see what that is. Not called by faults that interrupt nothing.</param>
    /// <param name="random">How long it takes.</param>
    public abstract Task InflictAsync(ReplicaProcess replica, Func<Task> look, Random random);

    private protected static Task WaitAsync(Random random, double from, double to) => Task.Delay(TimeSpan.FromSeconds(from + (random.NextDouble() * (to - from))));
}

/// <summary>The process gets SIGKILL, and is started again after a while. It is stopped just before, so that what it does can be looked at.</summary>
public sealed record Killed() : Fault("SIGKILL")
{
    /// <inheritdoc/>
    public override async Task InflictAsync(ReplicaProcess replica, Func<Task> look, Random random)
    {
        await Shell.SignalAsync(replica.Pid, "STOP");
        await look();
        await replica.KillAsync();
        await WaitAsync(random, 0, 2);
        replica.Start();
        await replica.UntilReadyAsync();
    }
}

/// <summary>The process stands still for longer than its leases last, then goes on as if nothing had been.</summary>
/// <param name="Lease">How long a lease lasts.</param>
public sealed record Stopped(TimeSpan Lease) : Fault("SIGSTOP and SIGCONT")
{
    /// <inheritdoc/>
    public override async Task InflictAsync(ReplicaProcess replica, Func<Task> look, Random random)
    {
        await Shell.SignalAsync(replica.Pid, "STOP");
        try
        {
            await look();
            await WaitAsync(random, 1.1 * Lease.TotalSeconds, 1.3 * Lease.TotalSeconds);
        }
        finally
        {
            await Shell.SignalAsync(replica.Pid, "CONT");
        }
    }
}

/// <summary>The time of day that the process sees is ten minutes ahead or behind for a while; its monotonic clock is not.</summary>
/// <param name="Clock">The clock that it has.</param>
public sealed record ClockStepped(SteppedClock Clock) : Fault("clock stepped")
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public override async Task InflictAsync(ReplicaProcess replica, Func<Task> look, Random random)
    {
        Clock.Step(random.Next(2) == 0 ? Step : -Step);
        await WaitAsync(random, 2, 4);
        Clock.Step(TimeSpan.Zero);
    }
}
