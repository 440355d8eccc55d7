using Microservices.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The steps by an operator who looks at the topics, and at the events in one.</summary>
internal sealed class TopicSteps(IPage page, ConsoleSteps console)
{
    /// <summary>Where grace's orders are told of, as the page's path has it.</summary>
    public const string GracesPage = "/topics/orders%2Forders%2Fuser%2Fgrace";

    private string product = "";

    private ILocator Events => page.GetByRole(AriaRole.Table, new() { Name = "Events" });

    public void AddTo(StepTable table)
    {
        table.Add("an order of {string} is placed", user => console.PlaceAsync(user, product = $"topic-{Guid.NewGuid():N}"));
        table.Add("operator looks at the topics that begin with {string}", LookAsync);
        table.Add("operator watches {string} from offset 1 by keyboard", WatchAsync);
        table.Add("the topic is live, and has its event", _ => IsLiveAsync());
        table.Add("operator opens the address of a topic that does not exist", _ => page.GotoAsync("/topics/orders%2Forders%2Fuser%2Fnobody-at-all"));
        table.Add("operator is told that it is not found", async _ =>
        {
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Topic not found" })).ToBeVisibleAsync();
            await Expect(page.GetByText("Offline")).ToHaveCountAsync(0);
        });
        table.Add("operator pauses", _ => page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync());
        table.Add("its event waits until operator goes on", async _ =>
        {
            await Expect(page.GetByText(", held; newer: 1.")).ToBeVisibleAsync();
            await Expect(Events.GetByText(product)).ToHaveCountAsync(0);
            await page.GetByRole(AriaRole.Button, new() { Name = "Go on" }).ClickAsync();
            await IsLiveAsync();
        });
        table.Add("operator reads the event, and copies how curl goes on after it", _ => CopyAsync());
        table.Add("there is nothing of the topics for user", async _ =>
        {
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Topics" })).ToHaveCountAsync(0);
            foreach (var path in (string[])["/v1/topics", "/v1/topics/orders/orders/user/grace/events"])
                Assert.Equal(403, await page.EvaluateAsync<int>("path => fetch(path).then(answer => answer.status)", path));
            foreach (var path in (string[])["/topics", GracesPage])
            {
                await page.GotoAsync(path);
                await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Page not found" })).ToBeVisibleAsync();
            }
        });
    }

    private async Task LookAsync(string prefix)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Topics" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Topics" })).ToBeFocusedAsync();
        await page.GetByLabel("Begins with").FillAsync(prefix);
        await page.Keyboard.PressAsync("Enter");
        var links = page.GetByRole(AriaRole.Table, new() { Name = "Topics" }).GetByRole(AriaRole.Link);
        await Eventually.UntilAsync(async () => await links.AllTextContentsAsync() is { Count: > 0 } names && names.All(name => name.StartsWith(prefix, StringComparison.Ordinal)), "only those that begin so are listed");
    }

    private async Task WatchAsync(string topic)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = topic, Exact = true }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = topic, Exact = true })).ToBeFocusedAsync();
        await page.GetByLabel("From").FocusAsync();
        await page.Keyboard.PressAsync("A");
        await page.GetByLabel("Offset or time").FocusAsync();
        await page.Keyboard.TypeAsync("1");
        await page.Keyboard.PressAsync("Enter");
    }

    private async Task IsLiveAsync()
    {
        await Expect(Events.GetByText(product)).ToHaveCountAsync(1);
        await Expect(page.Locator("main .status")).ToHaveTextAsync("Live");
        await Expect(page.Locator(".left-out")).ToHaveTextAsync("0");
    }

    private async Task CopyAsync()
    {
        await Events.GetByRole(AriaRole.Row).Filter(new() { HasText = product }).GetByRole(AriaRole.Button).ClickAsync();
        await Expect(page.Locator("pre").First).ToContainTextAsync($"\"productId\": \"{product}\"");
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy as curl" }).ClickAsync();
        await Expect(page.GetByText("Copied")).ToBeVisibleAsync();
        var command = await page.EvaluateAsync<string>("navigator.clipboard.readText()");
        Assert.StartsWith($"curl -N '{new Uri(page.Url).GetLeftPart(UriPartial.Authority)}/v1/topics/orders/orders/user/grace/events'", command, StringComparison.Ordinal);
        Assert.Contains("-H 'Last-Event-ID: ", command, StringComparison.Ordinal);
    }
}
