using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The console's webhooks: the scenarios of Webhooks.feature, with a receiver on this machine.</summary>
public sealed class WebhookTests(WebhookSuite webhooks, ChromiumBrowser browser) : IClassFixture<WebhookSuite>, IClassFixture<ChromiumBrowser>
{
    public static IEnumerable<object[]> Scenarios => FeatureScenario.NamesOf("Webhooks.feature");

    [TheoryNeeding(Need.Chromium)]
    [MemberData(nameof(Scenarios))]
    public async Task A_scenario_is_as_it_is_written(string file, string name)
    {
        await using var receiver = await HookReceiver.StartAsync();
        await browser.PlayAsync(FeatureScenario.Of(file, name), page =>
        {
            var console = new ConsoleSteps(page, webhooks.Suite);
            var table = console.Table();
            var pages = new WebhookPages(page, webhooks.Suite, receiver);
            new WebhookSteps(page, console, receiver, pages).AddTo(table);
            new EndpointSteps(page, console, pages).AddTo(table);
            return table;
        });
    }
}

/// <summary>A suite that calls receivers on this machine.</summary>
public sealed class WebhookSuite : IAsyncLifetime
{
    private static readonly Dictionary<string, string> Settings = new() { ["Egress__AllowHttp"] = "true", ["Egress__AllowedNetworks__0"] = "127.0.0.0/8" };

    /// <summary>The suite; ready.</summary>
    public Suite Suite { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync() => Suite = await Suite.StartAsync(environment: Settings);

    /// <inheritdoc/>
    public async Task DisposeAsync() => await Suite.DisposeAsync();
}
