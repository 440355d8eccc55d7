using System.Globalization;
using Microservices.Tests.Support;

namespace Microservices.Tests.EndToEnd.Chaos;

/// <summary>
/// Faults at random over the replicas of a service: to each of them, independently of the others, one after the other, with some time between. One seed gives
/// the same faults in the same order. <c>CHAOS_SECONDS</c> says for how long, 15 s unless set, and <c>CHAOS_SEED</c> which, always the same unless set; with <c>SUITE_SOAK=1</c> a minute, and others each time.
/// </summary>
public sealed class RandomFaults
{
    private readonly Lock gate = new();
    private readonly List<string> inflicted = [];

    private static readonly bool IsSoak = Environment.GetEnvironmentVariable("SUITE_SOAK") == "1";

    /// <summary>How long a test goes on.</summary>
    public static TimeSpan Duration { get; } = TimeSpan.FromSeconds(Setting("CHAOS_SECONDS") ?? (IsSoak ? 60 : 15));

    /// <summary>Which faults: to be printed, so that a run can be repeated.</summary>
    public static int Seed { get; } = Setting("CHAOS_SEED") ?? (IsSoak ? Random.Shared.Next(1_000_000) : 3);

    /// <summary>What has happened, by its name.</summary>
    public IReadOnlyList<string> Inflicted
    {
        get
        {
            lock (gate)
                return [.. inflicted];
        }
    }

    /// <summary>Inflicts them until the time is over, and returns when the last is over and all replicas run.</summary>
    /// <param name="replicas">The replicas, each with what may happen to it.</param>
    /// <param name="look">Called while a replica stands still, to see what it does.</param>
    public Task RunAsync(IReadOnlyList<(ReplicaProcess Replica, Fault[] Faults)> replicas, Func<ReplicaProcess, Fault, Task> look)
    {
        var until = TimeProvider.System.GetTimestamp();
        return Task.WhenAll(replicas.Select((victim, i) => RunAsync(victim.Replica, victim.Faults, look, new Random(Seed + i), until)));
    }

    private static int? Setting(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private async Task RunAsync(ReplicaProcess replica, Fault[] faults, Func<ReplicaProcess, Fault, Task> look, Random random, long began)
    {
        // Each kind once before any comes again.
        for (var i = 0; ; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.5 + (2 * random.NextDouble())));
            if (TimeProvider.System.GetElapsedTime(began) >= Duration)
                return;
            if (i % faults.Length == 0)
                random.Shuffle(faults);
            var fault = faults[i % faults.Length];
            await fault.InflictAsync(replica, () => look(replica, fault), random);
            lock (gate)
                inflicted.Add(fault.Name);
        }
    }
}
