using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>Users looked up over call streams, as a service does it, with the counters of the client.</summary>
internal sealed class Lookups : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, long> _counters = new();
    private readonly MeterListener _listener = new();
    private readonly ServiceProvider _services;
    private readonly CallStreamClient<LookupUsersCall, LookupUsersResult> _client;

    public Lookups(IEnumerable<string> addresses, Action<CallStreamClientOptions>? configure = null)
    {
        _services = new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder()
                .AddInMemoryCollection(addresses.Select((a, i) => KeyValuePair.Create($"Users:Addresses:{i}", (string?)a))).Build())
            .AddCallStreamClient(UsersService.LookupUsers, "Users", options =>
            {
                options.Token = LoadToken.GetAsync;
                configure?.Invoke(options);
            })
            .BuildServiceProvider();
        var meters = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => _counters.AddOrUpdate(instrument.Name, value, (_, before) => before + value));
        _listener.Start();
        _client = _services.GetRequiredService<CallStreamClient<LookupUsersCall, LookupUsersResult>>();
        _client.Start();
    }

    /// <summary>A counter of the client, such as "callstream.client.hedges".</summary>
    public long this[string counter] => _counters.GetValueOrDefault(counter);

    /// <summary>Looks a user up; also when the same one is being looked up already.</summary>
    public async Task<User> GetAsync(string userId, CancellationToken cancellationToken) =>
        (await _client.CallAsync(new LookupUsersCall { UserId = userId }, new CallSettings { Unshared = true, Timeout = TimeSpan.FromSeconds(60) }, cancellationToken)).User;

    /// <summary>Asks whether a user has changed that is known already, in the name of the token's owner; also when that is being asked already.</summary>
    /// <returns>The user's etag, for the next time.</returns>
    public async Task<ulong> ValidateAsync(string userId, ulong etag, string token, CancellationToken cancellationToken) =>
        (await _client.CallAsync(new LookupUsersCall { UserId = userId, KnownEtag = etag }, new CallSettings { Token = token, Unshared = true, Timeout = TimeSpan.FromSeconds(60) }, cancellationToken)).Etag;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        _listener.Dispose();
    }
}
