using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>
/// The process's connection for the event log and the counts of limits, and how topics are named in Redis: all keys of a topic, and its channel, share
/// the hash tag {topic}, hence one slot of a cluster. It connects in the background, again and again; commands meanwhile fail at once.
/// </summary>
internal sealed partial class RedisConnection(IOptions<EventLogOptions> options, TimeProvider time, ILogger<RedisConnection> logger) : IAsyncDisposable
{
    private readonly EventLogOptions options = options.Value;
    private readonly Lock gate = new();
    private Task<ConnectionMultiplexer>? connecting;
    private readonly ConcurrentDictionary<string, long> missingUntil = new();
    private readonly ConcurrentDictionary<string, Outage> outages = new();
    private bool? cluster;

    /// <summary>
    /// A connection came back, or the servers changed their roles: publications may have been missed. The argument is true when writes may
    /// have been lost, too, which the loss of a connection for publications alone does not suggest.
    /// </summary>
    public event Action<bool>? Restored;

    /// <summary>Whether publications may be missing: a connection that they arrive by is lost, or came back less than a second ago.</summary>
    public bool MayMissPublications
    {
        get
        {
            if (missingUntil.IsEmpty)
                return false;
            var now = time.GetTimestamp();
            foreach (var (endpoint, until) in missingUntil)
            {
                if (until <= now)
                    missingUntil.TryRemove(KeyValuePair.Create(endpoint, until));
            }

            return !missingUntil.IsEmpty;
        }
    }

    public bool IsConnected => connecting is { IsCompletedSuccessfully: true, Result.IsConnected: true };

    public async Task<IDatabase> DatabaseAsync(CancellationToken cancellationToken) => (await MultiplexerAsync(cancellationToken)).GetDatabase();

    public async Task<ISubscriber> SubscriberAsync(CancellationToken cancellationToken) => (await MultiplexerAsync(cancellationToken)).GetSubscriber();

    public RedisKey[] Keys(string topic) => [$"{options.KeyPrefix}:{{{topic}}}:head", $"{options.KeyPrefix}:{{{topic}}}:log"];

    /// <summary>The topic's channel: sharded on a cluster, plain elsewhere (Garnet has no SSUBSCRIBE outside a cluster).</summary>
    /// <exception cref="EventLogUnavailableException">Not connected, so the kind of server is not known.</exception>
    public RedisChannel Channel(string topic)
    {
        var name = $"{options.KeyPrefix}:{{{topic}}}";
        return IsCluster() ? RedisChannel.Sharded(name) : RedisChannel.Literal(name);
    }

    /// <summary>Whether it is a Redis Cluster.</summary>
    /// <exception cref="EventLogUnavailableException">Never yet connected.</exception>
    public bool IsCluster()
    {
        if (cluster is { } known)
            return known;
        if (connecting is { IsCompletedSuccessfully: true } done && done.Result.GetServers().Where(s => s.IsConnected).ToArray() is { Length: > 0 } servers)
        {
            cluster = servers.Any(s => s.ServerType == ServerType.Cluster);
            return cluster.Value;
        }

        throw new EventLogUnavailableException("Redis was not reached yet.");
    }

    /// <inheritdoc cref="RedisAtStart"/>
    public Task CheckAsync(CancellationToken cancellationToken) => RedisAtStart.CheckAsync(Configuration(), cancellationToken);

    /// <summary>Returns once there is a connection.</summary>
    public async Task WaitConnectedAsync(CancellationToken cancellationToken)
    {
        var multiplexer = await MultiplexerAsync(cancellationToken);
        while (!multiplexer.IsConnected)
            await Task.Delay(options.RetryDelay, time, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Task<ConnectionMultiplexer>? task;
        lock (gate)
            task = connecting;

        if (task is not null)
            await (await task).DisposeAsync();
    }

    private Task<ConnectionMultiplexer> MultiplexerAsync(CancellationToken cancellationToken)
    {
        if (connecting is { IsCompletedSuccessfully: true } done)
            return done;
        lock (gate)
        {
            if (connecting is null or { IsFaulted: true })
                connecting = ConnectAsync();
            return connecting.WaitAsync(cancellationToken);
        }
    }

    private ConfigurationOptions Configuration()
    {
        var configuration = ConfigurationOptions.Parse(options.ConnectionString);
        configuration.SetDefaultPorts();
        configuration.AbortOnConnectFail = false;
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        // RESP2 keeps pub/sub on a connection of its own: a flood of events does not hold up commands.
        configuration.Protocol = RedisProtocol.Resp2;
        configuration.ConnectTimeout = (int)options.ConnectTimeout.TotalMilliseconds;
        configuration.AsyncTimeout = (int)options.CommandTimeout.TotalMilliseconds;
        configuration.HeartbeatInterval = options.ReconnectInterval;
        configuration.ReconnectRetryPolicy = new LinearRetry((int)options.ReconnectInterval.TotalMilliseconds);
        configuration.ConfigCheckSeconds = 2;
        configuration.ClientName ??= "event-log";
        return configuration;
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var multiplexer = await ConnectionMultiplexer.ConnectAsync(Configuration());
        multiplexer.ConnectionFailed += (_, e) =>
        {
            Lost(e);
            // Every failed attempt to connect raises this again; a server that is gone for good does not.
            if (e.ConnectionType == ConnectionType.Subscription)
                missingUntil[$"{e.EndPoint}"] = time.GetTimestamp() + (30 * time.TimestampFrequency);
        };
        multiplexer.ConnectionRestored += (_, e) =>
        {
            if (outages.TryRemove($"{e.EndPoint}", out var outage) && outage.End() is { } lasted)
                LogBack($"{e.EndPoint}", lasted);
            // The client subscribes again after this.
            if (e.ConnectionType == ConnectionType.Subscription)
                missingUntil[$"{e.EndPoint}"] = time.GetTimestamp() + time.TimestampFrequency;
            Changed(e.ConnectionType.ToString(), e.ConnectionType != ConnectionType.Subscription);
        };
        var roles = Roles(multiplexer);
        multiplexer.ConfigurationChanged += (_, _) =>
        {
            // Raised for every connection that comes back, too; only another primary may lack writes.
            var now = Roles(multiplexer);
            Changed("configuration", writesMayBeLost: Interlocked.Exchange(ref roles, now) != now);
        };
        return multiplexer;
    }

    /// <summary>A server that is not up yet is tried again and again, and each attempt comes here; both kinds of connections to it are one outage.</summary>
    private void Lost(ConnectionFailedEventArgs e)
    {
        if (e.FailureType != ConnectionFailureType.ConnectionDisposed
            && outages.GetOrAdd($"{e.EndPoint}", _ => new Outage(time)).Begin(isExpected: e.FailureType == ConnectionFailureType.UnableToConnect))
            LogLost($"{e.EndPoint}", e.FailureType);
    }

    /// <summary>Which servers there are, and which of them are replicas.</summary>
    private static string Roles(ConnectionMultiplexer multiplexer) =>
        string.Join(' ', multiplexer.GetServers().Select(s => $"{s.EndPoint}{(s.IsReplica ? "-" : "+")}").Order(StringComparer.Ordinal));

    private void Changed(string what, bool writesMayBeLost)
    {
        LogRestored(what);
        Restored?.Invoke(writesMayBeLost);
    }

    [LoggerMessage(1, LogLevel.Warning, "Redis at {EndPoint} is away: {Failure}. Meanwhile event streams are delayed, and each replica limits callers by itself; the next line about it comes when it is back")]
    private partial void LogLost(string endPoint, ConnectionFailureType failure);

    [LoggerMessage(3, LogLevel.Information, "Redis at {EndPoint} is back, after {Lasted}")]
    private partial void LogBack(string endPoint, TimeSpan lasted);

    [LoggerMessage(2, LogLevel.Debug, "Redis came back or changed its configuration ({Connection}); checking every followed topic")]
    private partial void LogRestored(string connection);
}
