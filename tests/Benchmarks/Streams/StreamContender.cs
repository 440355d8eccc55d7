using System.Globalization;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>Replicas of one who tells clients of events, its subscribers and its publisher: each a process.</summary>
internal sealed class StreamContender(string name, Transport transport, ReplicaProcess[] replicas, string redis) : IAsyncDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
    private readonly LoadProcess publisher = LoadProcess.Start("streams");
    private LoadProcess? subscribers;
    private Subscribe? subscribed;

    public string Name => name;

    public ReplicaProcess[] Replicas => replicas;

    /// <summary>The replicas, as those whose processor time counts.</summary>
    public Server[] Servers => [.. replicas.Select((r, i) => new Server(string.Create(CultureInfo.InvariantCulture, $"replica {i + 1}"), () => r.Pid))];

    /// <summary>
    /// Event streams, SignalR and, if asked for, bare gRPC streams. Ours is Orders as shipped; its events do not come by way of its
    /// database, which would be what is measured, but are appended to the log that it serves them from.
    /// </summary>
    public static IReadOnlyList<StreamContender> Start(SuiteProcesses suite, int replicas, bool bare, Transport ours = Transport.EventStream)
    {
        var users = suite.Start("services/Users", "users");
        var all = new List<StreamContender>
        {
            new("event streams", ours, Replicas("services/Orders", SuiteProcesses.Backend("Users", users)), suite.Redis.ConnectionString),
            new("SignalR", Transport.SignalR, Replicas("tests/Benchmarks/SignalR", []), suite.Redis.ConnectionString),
        };
        if (bare)
            all.Add(new("bare gRPC", Transport.BareStream, Replicas("tests/Benchmarks/BareStream", []), suite.Redis.ConnectionString));
        return all;

        ReplicaProcess[] Replicas(string folder, IEnumerable<(string, string)> settings) =>
            [.. Enumerable.Range(0, replicas).Select(_ => suite.Start(folder, "streams", settings))];
    }

    /// <summary>Opens streams instead of those there were.</summary>
    public async Task SubscribeAsync(int streams, int topicsOfEach, int topics, CancellationToken cancellationToken)
    {
        await UnsubscribeAsync();
        subscribers = LoadProcess.Start("streams");
        subscribed = new(transport, [.. replicas.Select(r => r.Address)], streams, topicsOfEach, topics);
        await AskAsync<Done>(subscribers, subscribed, cancellationToken);
    }

    /// <summary>Closes the streams.</summary>
    public async Task UnsubscribeAsync()
    {
        if (subscribers is not null)
            await subscribers.DisposeAsync();
        subscribers = null;
    }

    /// <summary>The rate of events a second, raised by half each time, at which deliveries last kept up; then once more between that and the next.</summary>
    public async Task<double> FindPeakAsync(Plan plan, double from, CancellationToken cancellationToken)
    {
        // Compiles what is run; its figures are nobody's.
        await MeasureAsync(from, plan.Of(3, smoke: 1), cancellationToken);
        var (good, step) = (from, 1.5);
        for (var (tries, rate) = (0, from * step); tries < plan.Of(16, smoke: 1) && await KeepsUpAsync(rate); tries++, rate *= step)
            good = rate;
        return await KeepsUpAsync(good * Math.Sqrt(step)) ? good * Math.Sqrt(step) : good;

        async Task<bool> KeepsUpAsync(double rate)
        {
            var seconds = plan.Of(3, smoke: 1);
            var figures = await MeasureAsync(rate, seconds, cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {rate:0} events/s, {figures["deliveries/s"]:N0} deliveries/s, p99 {figures["p99, ms"]:0} ms"));
            return figures["deliveries/s"] >= 0.93 * rate * FanOut;
        }
    }

    /// <summary>Publishes at a rate, and waits for what comes of it.</summary>
    public async Task<Figures> MeasureAsync(double rate, int seconds, CancellationToken cancellationToken)
    {
        await MarkAsync(cancellationToken);
        var published = await PublishAsync(rate, seconds, cancellationToken);
        var window = await SettleAsync(published, cancellationToken);
        return new Figures
        {
            ["deliveries/s"] = window.Deliveries == 0 ? 0 : window.Deliveries / TimeSpan.FromTicks(window.Last - published.Start).TotalSeconds,
            ["p50, ms"] = window.P50,
            ["p99, ms"] = window.P99,
            ["max, ms"] = window.Max,
            ["lost"] = Lost(published, window),
            Operations = window.Deliveries,
        };
    }

    public Task MarkAsync(CancellationToken cancellationToken) => AskAsync<Done>(subscribers!, new Mark(), cancellationToken);

    public Task<Published> PublishAsync(double rate, double seconds, CancellationToken cancellationToken) =>
        AskAsync<Published>(publisher, new Publish(transport, redis, subscribed!.Topics, rate, seconds), cancellationToken);

    public Task<Recovery> ReadRecoveryAsync(DateTime fault, double seconds, CancellationToken cancellationToken) =>
        AskAsync<Recovery>(subscribers!, new ReadRecovery(fault.Ticks, seconds), cancellationToken);

    /// <summary>How many deliveries never came.</summary>
    public double Lost(Published published, Window window) => Expected(published) - window.Deliveries + window.Repeated;

    /// <summary>Returns when all has come, or nothing does any more.</summary>
    public async Task<Window> SettleAsync(Published published, CancellationToken cancellationToken)
    {
        var quietSince = DateTime.UtcNow;
        for (var before = -1L; ; await Task.Delay(20, cancellationToken))
        {
            var window = await AskAsync<Window>(subscribers!, new Read(), cancellationToken);
            if (window.Deliveries - window.Repeated >= Expected(published) || DateTime.UtcNow - quietSince > Quiet)
                return window;
            if (window.Deliveries != before)
                quietSince = DateTime.UtcNow;
            before = window.Deliveries;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await UnsubscribeAsync();
        await publisher.DisposeAsync();
    }

    private double FanOut => (double)subscribed!.Streams * subscribed.TopicsOfEach / subscribed.Topics;

    private double Expected(Published published) => published.Count * FanOut;

    private static Task<T> AskAsync<T>(LoadProcess load, StreamCommand command, CancellationToken cancellationToken) =>
        load.AskAsync<T>(new StreamRequest(command), cancellationToken);
}
