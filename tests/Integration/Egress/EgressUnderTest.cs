using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microservices.Egress;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Egress;

/// <summary>Egress that may call 127.0.0.2, which stands for what is public, and nothing else of this machine; names are what the test says.</summary>
internal sealed class EgressUnderTest : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly EgressClient client;

    public EgressUnderTest(Action<EgressOptions>? configure = null, TestCa? ca = null, TimeProvider? time = null, IHostResolver? resolver = null)
    {
        var options = new EgressOptions
        {
            AllowHttp = true,
            ConnectTimeout = Eventually.Timeout,
            HeadersTimeout = Eventually.Timeout,
            Timeout = Eventually.Timeout,
            QueueTimeout = Eventually.Timeout,
            AllowedNetworks = { "127.0.0.2/32" },
        };
        configure?.Invoke(options);
        client = new EgressClient(options, resolver ?? Names, services.GetRequiredService<IMeterFactory>(), time ?? TimeProvider.System, ca?.Trust());
    }

    public FakeNames Names { get; } = new();

    public IEgress Egress => client;

    public IMeterFactory Meters => services.GetRequiredService<IMeterFactory>();

    public Task<EgressAnswer> GetAsync(string address, int maxRedirects = 0, CancellationToken cancellationToken = default) =>
        client.SendAsync(new(HttpMethod.Get, new Uri(address)) { MaxRedirects = maxRedirects }, cancellationToken);

    public void Dispose()
    {
        client.Dispose();
        services.Dispose();
    }
}

/// <summary>Names that lead where a test says, and to 127.0.0.2 where it says nothing.</summary>
internal sealed class FakeNames : IHostResolver
{
    private int lookups;

    public ConcurrentDictionary<string, string[]> Addresses { get; } = new();

    /// <summary>How many names were looked up.</summary>
    public int Lookups => Volatile.Read(ref lookups);

    public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref lookups);
        return Task.FromResult<IReadOnlyList<IPAddress>>([.. Addresses.GetValueOrDefault(host, ["127.0.0.2"]).Select(IPAddress.Parse)]);
    }
}
