using Microservices.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The steps of what happens to the suite under an open page.</summary>
internal sealed class OutageSteps(IPage page, OutageSuite outage)
{
    private const int PlacedPerSecond = 100;
    private const int PlacedWithoutRedis = 3;
    private const string OpenStreams = "gateway_events_streams";
    private static readonly TimeSpan Stopped = TimeSpan.FromSeconds(20);

    /// <summary>Keeps what the badge has said, in order.</summary>
    public const string Watch = """
        window.said = [];
        new MutationObserver(() => {
          const text = document.querySelector('header .status')?.textContent ?? '';
          if (text !== said.at(-1)) said.push(text);
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
        """;

    // What the table shows from its first row to its last, by their place.
    private const string Shown = """
        async () => {
          const [region, rows] = [document.querySelector('.rows'), new Map()];
          for (region.scrollTop = 0; ; region.scrollTop += region.clientHeight / 2) {
            for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
            for (const row of region.querySelectorAll('tbody tr[aria-rowindex]'))
              rows.set(row.getAttribute('aria-rowindex'), decodeURIComponent(row.querySelector('a').pathname.split('/')[2]));
            if (region.scrollTop + region.clientHeight >= region.scrollHeight - 1) return [...rows.values()];
          }
        }
        """;

    private readonly OrderLoad load = new([Suite.Orders], ["grace"], channelTo: outage.Suite.ChannelTo);

    private ILocator Badge => page.Locator("header .status");

    public StepTable Table()
    {
        var table = new StepTable();
        table.Add("user is logged in", _ => new ConsoleSteps(page, outage.Suite).ComeInAsync());
        table.Add("the gateway is replaced while 200 events a second arrive", _ => ReplaceGatewayAsync());
        table.Add("Redis is stopped for 20 s while orders are placed", _ => StopRedisAsync());
        table.Add("the page has said {string} meanwhile, and is live", SaidAsync);
        table.Add("it shows every order once", _ => ShowsAllAsync());
        return table;
    }

    private async Task LoadAsync(int perSecond, Func<Task> meanwhile)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Orders", Exact = true }).ClickAsync();
        await page.EvaluateAsync(Watch);
        using var enough = new CancellationTokenSource();
        var placing = load.RunAsync(perSecond, enough.Token);
        await Eventually.UntilAsync(async () => await CountAsync() > perSecond, "orders arrive");
        await meanwhile();
        await enough.CancelAsync();
        await placing;
    }

    // Each order is an event, and its notification is another.
    private Task ReplaceGatewayAsync() => LoadAsync(PlacedPerSecond, async () =>
    {
        var streams = await Task.WhenAll(outage.Gateways.Select(gateway => gateway.MetricAsync(OpenStreams)));
        Assert.Equal(1, streams.Sum());
        var replaced = outage.Gateways[Array.IndexOf(streams, 1)];
        Assert.Equal(0, await replaced.StopAsync());
        var before = await CountAsync();
        await Eventually.UntilAsync(async () => await CountAsync() > before + PlacedPerSecond, "orders arrive by the other replica");
    });

    private Task StopRedisAsync() => LoadAsync(PlacedWithoutRedis, async () =>
    {
        var back = Task.Delay(Stopped);
        outage.Redis.Kill();
        await Expect(page.Locator("header .status.catching-up")).ToBeVisibleAsync();
        while (!back.IsCompleted)
            Assert.NotEqual("Live", await Badge.TextContentAsync());
        await outage.Redis.StartAgainAsync();
    });

    private async Task SaidAsync(string text)
    {
        await Eventually.UntilAsync(async () => await CountAsync() == load.Placed.Count, "all orders are there");
        await Expect(Badge).ToHaveTextAsync("Live");
        var said = await page.EvaluateAsync<string[]>("window.said");
        Assert.Contains(said, each => each.StartsWith(text, StringComparison.Ordinal));
        Assert.All(said, each => Assert.True(each == "Live" || each.StartsWith(text, StringComparison.Ordinal), string.Join(", ", said)));
    }

    private async Task ShowsAllAsync() =>
        Assert.Equal(load.Placed.Keys.Order(StringComparer.Ordinal), (await page.EvaluateAsync<string[]>(Shown)).Order(StringComparer.Ordinal));

    private async Task<int> CountAsync() => await page.Locator(".rows table").CountAsync() == 0 ? 0 : int.Parse(await page.Locator(".rows table").GetAttributeAsync("aria-rowcount") ?? "1", null) - 1;
}
