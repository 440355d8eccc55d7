using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Microservices.Local;

/// <summary>
/// What the launcher adds to Aspire: it says when all services are ready and where they are, and ends, naming the service, when one is not
/// ready in time or ends by itself. One that a user stops or restarts in the dashboard has not ended by itself.
/// </summary>
internal sealed class Suite(Plan plan, Terminal terminal, ResourceNotificationService resources, IHostApplicationLifetime lifetime) : BackgroundService
{
    // A signal to the whole process group reaches the services before the launcher has seen it: then their end is no failure.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    // The last line of a service, which says why it cannot start, comes by another way than the news of its end, and may be later.
    private static readonly TimeSpan LastLineGrace = TimeSpan.FromSeconds(3);

    // Of the 10 s that a stop may take. What still runs then is stopped by the orchestrator, as soon as this process has ended.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(9);

    // As Aspire calls it.
    private const string Dashboard = "aspire-dashboard";

    private readonly ConcurrentDictionary<string, CustomResourceSnapshot> states = [];
    // By name and process id: a restart gives another process, and news of one that is told to stop may be older than that.
    private readonly HashSet<(string Name, int Pid)> ended = [];
    private bool isReady;
    private LaunchException? failure;

    /// <summary>The replicas that Aspire says run, with their process ids. Thread-safe.</summary>
    public IEnumerable<(Replica Replica, int Pid)> Running => plan.Replicas.Where(replica => State(replica)?.State?.Text == KnownResourceStates.Running).Select(replica => (replica, Pid(replica)));

    /// <summary>Runs the application until it is asked to stop. Throws, naming the service, when one has failed.</summary>
    public static async Task RunAsync(DistributedApplication app)
    {
        var suite = app.Services.GetRequiredService<Suite>();
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            lifetime.StopApplication();
        });

        var running = app.RunAsync();
        if (await Task.WhenAny(running, StopTimeoutAsync(lifetime.ApplicationStopping)) == running)
            await running;
        if (suite.failure is { } failure)
            throw failure;
    }

    /// <summary>Stops the suite because of a failure; the first one is what the launcher ends with.</summary>
    public void Fail(string message)
    {
        Interlocked.CompareExchange(ref failure, LaunchException.Failed(message), null);
        lifetime.StopApplication();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        enough.CancelAfter(plan.Options.ReadyTimeout);
        terminal.Say($"Starting {string.Join(", ", plan.Replicas.Select(replica => replica.Name))}");
        try
        {
            await foreach (var change in resources.WatchAsync(enough.Token))
            {
                states[change.Resource.Name] = change.Snapshot;
                if (HasEndedByItself(change))
                {
                    await Task.Delay(isReady ? Grace : LastLineGrace, stoppingToken);
                    Ended(change.Resource.Name, change.Snapshot.ExitCode);
                }
                else if (!isReady && plan.Replicas.All(IsReady))
                {
                    isReady = true;
                    enough.CancelAfter(Timeout.InfiniteTimeSpan);
                    terminal.Show(Welcome.Text(plan, Pid));
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        catch (OperationCanceledException)
        {
            var late = plan.Replicas.Where(replica => !IsReady(replica)).Select(replica => $"  {replica.Name}: {LastAnswer(replica)}");
            Fail(string.Join(Environment.NewLine, late.Prepend($"Not ready within {plan.Options.ReadyTimeout.TotalSeconds:0} s:")));
        }
    }

    private static async Task StopTimeoutAsync(CancellationToken stopping)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(StopTimeout, CancellationToken.None);
    }

    private void Ended(string name, int? exitCode)
    {
        if (plan.Replicas.Any(replica => replica.Name == name))
            Fail($"{name} exited by itself{(exitCode >= 0 ? $" with code {exitCode}" : ": killed by a signal")}");
        else if (name == Dashboard)
            terminal.Say("The dashboard has ended; the services go on", isError: true);
    }

    // True once for a process, and never for one that was told to stop.
    private bool HasEndedByItself(ResourceEvent change)
    {
        var isStopping = change.Snapshot.State?.Text == KnownResourceStates.Stopping;
        return (isStopping || KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text)) && ended.Add((change.Resource.Name, Pid(change.Snapshot))) && !isStopping;
    }

    private bool IsReady(Replica replica) => State(replica)?.HealthStatus == HealthStatus.Healthy;

    private string LastAnswer(Replica replica) => State(replica) switch
    {
        { HealthReports: [{ Description: { } answer }, ..] } => answer,
        { State.Text: { } state } => $"{state}, and {Readiness.Url(replica)} has not answered yet",
        _ => "not started",
    };

    private int Pid(Replica replica) => State(replica) is { } snapshot ? Pid(snapshot) : 0;

    private static int Pid(CustomResourceSnapshot snapshot) =>
        Convert.ToInt32(snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value, CultureInfo.InvariantCulture);

    private CustomResourceSnapshot? State(Replica replica) => states.GetValueOrDefault(replica.Name);
}
