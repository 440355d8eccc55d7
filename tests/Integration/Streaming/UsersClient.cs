using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microservices.Streaming.Calls;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>A client as a service would have it, with replicas that the test adds and removes, and its counters.</summary>
public sealed class UsersClient : IReplicaSource, IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _counters = new();

    public UsersClient(IEnumerable<UsersHost> hosts, Action<CallStreamClientOptions>? configure = null)
    {
        foreach (var host in hosts)
            Addresses.TryAdd(host.Address, true);
        _services = new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddCallStreamClient(UsersService.LookupUsers, "Users", o =>
            {
                o.DiscoveryInterval = TimeSpan.FromSeconds(1);
                o.DefaultTimeout = TimeSpan.FromSeconds(60);
                o.UnavailableAfter = TimeSpan.FromSeconds(30);
                configure?.Invoke(o);
            }, _ => this)
            .BuildServiceProvider();
        var factory = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            _counters.AddOrUpdate(instrument.Name, value, (_, old) => old + value);
            foreach (var tag in tags)
            {
                if (tag.Key == "code")
                    _counters.AddOrUpdate($"{instrument.Name}/{tag.Value}", value, (_, old) => old + value);
            }
        });
        _listener.Start();
        Calls = _services.GetRequiredService<CallStreamClient<LookupUsersCall, LookupUsersResult>>();
        Calls.Start();
    }

    public ConcurrentDictionary<Uri, bool> Addresses { get; } = new();

    internal CallStreamClient<LookupUsersCall, LookupUsersResult> Calls { get; }

    public long Counter(string name) => _counters.GetValueOrDefault("callstream.client." + name);

    public async Task<User> LookupAsync(string id, CallSettings settings = default, CancellationToken cancellationToken = default) =>
        (await Calls.CallAsync(new LookupUsersCall { UserId = id }, settings, cancellationToken)).User;

    /// <summary>Waits until no call is left behind.</summary>
    public Task NothingIsLeftAsync() =>
        Eventually.UntilAsync(() => Calls.Count == 0 && Counter("in_flight") == 0, "no call is left behind");

    public ValueTask<IReadOnlyCollection<Uri>> ResolveAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyCollection<Uri>>([.. Addresses.Keys]);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        _listener.Dispose();
    }
}
