using System.Diagnostics;

namespace Microservices.Local;

/// <summary>All services, from their start to the end of the last of them.</summary>
internal sealed class Suite : IAsyncDisposable
{
    // After the first of these the rest is killed; with the second it stays below the 10 s that are promised.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(1);

    // A signal to the whole process group reaches the services before the launcher has seen it: then their end is no failure.
    private static readonly TimeSpan SignalGrace = TimeSpan.FromMilliseconds(300);

    private readonly Stopwatch age = Stopwatch.StartNew();
    private readonly Watchdog watchdog = new();
    private readonly Terminal terminal;
    private readonly Task anyExited;

    private Suite(Plan plan, Terminal terminal)
    {
        this.terminal = terminal;
        Processes = [.. plan.Replicas.Select(r => ServiceProcess.Start(r, terminal, watchdog))];
        anyExited = Task.WhenAny(Processes.Select(p => p.Exited));
    }

    /// <summary>The processes, who is called before who calls.</summary>
    public IReadOnlyList<ServiceProcess> Processes { get; }

    /// <summary>The time since the start.</summary>
    public TimeSpan Age => age.Elapsed;

    /// <summary>Starts all at once: a service that finds another not ready yet tries again.</summary>
    public static Suite Start(Plan plan, Terminal terminal) => new(plan, terminal);

    /// <summary>
    /// Returns true when all are ready, false when a stop is asked for before. Throws, naming who, when one exits or is not ready in time.
    /// </summary>
    public async Task<bool> UntilReadyAsync(TimeSpan timeout, CancellationToken stop)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        enough.CancelAfter(timeout);
        using var http = Readiness.Client();
        var states = Processes.Select(p => new Readiness(p.Replica)).ToArray();
        var ready = Task.WhenAll(states.Select(s => s.UntilReadyAsync(http, enough.Token)));

        await Task.WhenAny(ready, anyExited);
        if (ready.IsCompletedSuccessfully)
            return true;

        if (anyExited.IsCompleted)
            await UntilOverAsync(stop);
        await enough.CancelAsync();
        await ready.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stop.IsCancellationRequested)
            return false;

        var late = states.Where(s => !s.IsReady).Select(s => $"  {s.Replica.Name}: {s.LastAnswer}");
        throw Fail($"Not ready within {timeout.TotalSeconds:0} s:{Environment.NewLine}{string.Join(Environment.NewLine, late)}");
    }

    /// <summary>Returns when a stop is asked for. Throws, naming who, when a service exits by itself.</summary>
    public async Task UntilOverAsync(CancellationToken stop)
    {
        if (await CompletesAsync(anyExited, stop) && await CompletesAsync(Task.Delay(SignalGrace, CancellationToken.None), stop))
        {
            var exits = Processes.Where(p => p.Exited.IsCompleted).Select(p => $"{p.Replica.Name} exited by itself with {p.ExitDescription}");
            throw Fail(string.Join(Environment.NewLine, exits));
        }
    }

    /// <summary>Stops all, callers first, and kills what has not stopped in time. Takes less than 10 s.</summary>
    public async ValueTask DisposeAsync()
    {
        var patience = Task.Delay(StopPatience);
        terminal.Say("Stopping");
        var services = Processes.GroupBy(p => p.Replica.Service).Reverse().ToArray();
        // A service that is slow to stop keeps those that it calls from being told only so long: the last one needs time, too.
        var patienceEach = StopPatience / (services.Length + 1);
        foreach (var replicas in services)
        {
            foreach (var process in replicas)
                process.Terminate();
            await Task.WhenAny(Task.WhenAll(replicas.Select(p => p.Exited)), Task.Delay(patienceEach), patience);
        }

        var all = Task.WhenAll(Processes.Select(p => p.Exited));
        await Task.WhenAny(all, patience);
        foreach (var process in Processes.Where(p => !p.Exited.IsCompleted))
        {
            terminal.Say($"{process.Replica.Name} did not stop within {StopPatience.TotalSeconds:0} s: killed", isError: true);
            process.Kill();
        }

        await Task.WhenAny(all, Task.Delay(KillPatience));
        watchdog.Dispose();
        terminal.Say("Stopped");
    }

    private LaunchException Fail(string message)
    {
        // Said twice: here beside the last lines of the service, and as the last line of all.
        terminal.Say(message, isError: true);
        return LaunchException.Failed(message);
    }

    private static async Task<bool> CompletesAsync(Task task, CancellationToken stop)
    {
        await Task.WhenAny(task, Task.Delay(Timeout.InfiniteTimeSpan, stop));
        return !stop.IsCancellationRequested;
    }
}
