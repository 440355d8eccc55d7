using Microservices.Local;
using Microservices.Tests.EndToEnd.Rollout;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The console while what it depends on goes away: the scenarios of Outages.feature, each with a suite of its own.</summary>
public sealed class OutageTests(ChromiumBrowser browser) : IClassFixture<ChromiumBrowser>
{
    public static IEnumerable<object[]> Scenarios => FeatureScenario.NamesOf("Outages.feature");

    [TheoryNeeding(Need.Chromium, Need.RedisServer)]
    [MemberData(nameof(Scenarios))]
    public async Task A_scenario_is_as_it_is_written(string file, string name)
    {
        await using var outage = await OutageSuite.StartAsync();
        await browser.PlayAsync(FeatureScenario.Of(file, name), page => new OutageSteps(page, outage).Table(), outage.Front.Port);
    }
}

/// <summary>A suite with a redis-server, and two more gateways behind one port: the launcher would take the end of its own for the suite's.</summary>
internal sealed class OutageSuite : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> parts = [];

    public RedisServer Redis { get; private set; } = null!;

    public Suite Suite { get; private set; } = null!;

    public ReplicaProcess[] Gateways { get; private set; } = [];

    public GatewayFront Front { get; private set; } = null!;

    public static async Task<OutageSuite> StartAsync()
    {
        var outage = new OutageSuite();
        try
        {
            await outage.StartPartsAsync();
            return outage;
        }
        catch
        {
            await outage.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (parts.TryPop(out var part))
            await part.DisposeAsync();
    }

    private async Task StartPartsAsync()
    {
        Redis = Keep(await RedisServer.StartAsync());
        Suite = Keep(await Suite.StartAsync(["--redis", Redis.ConnectionString]));
        // As the launcher starts its own, but that they go on serving for a moment, as in Kubernetes.
        var plan = Plan.For(new LaunchOptions { Data = Suite.Data, Redis = Redis.ConnectionString, Replicas = new Dictionary<string, int>(), ReadyTimeout = Eventually.Timeout, Dashboard = false });
        var settings = new Dictionary<string, string>(plan.Replicas.Single(replica => replica.Service.ForwardsIdentity).Settings) { ["Drain__Delay"] = "00:00:01" };
        Gateways = [Keep(new ReplicaProcess("gateway", settings, http: true)), Keep(new ReplicaProcess("gateway", settings, http: true))];
        await Task.WhenAll(Gateways.Select(gateway => gateway.UntilReadyAsync()));
        Front = Keep(new GatewayFront(Keep(new ReadyGateways(Gateways))));
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        parts.Push(part);
        return part;
    }
}
