using Microservices.Local;
using Microservices.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The steps by an operator who looks at the streams, and of the user whose stream it is, in a browser elsewhere.</summary>
internal sealed class StreamSteps(IPage page, Suite suite)
{
    private string user = "";
    private IPage? elsewhere;

    private ILocator Stream => page.GetByRole(AriaRole.Button, new() { Name = $"Stop GET /v1/users/{{userId}}/events of {user} at gateway" });

    private ILocator Dialog => page.GetByRole(AriaRole.Dialog);

    public void AddTo(StepTable table)
    {
        table.Add("operator looks at the streams of {string}", LookAsync);
        table.Add("there is none", _ => Expect(Stream).ToHaveCountAsync(0));
        table.Add("the user looks at the dashboard elsewhere", _ => LookElsewhereAsync());
        table.Add("the stream appears", _ => Expect(Stream).ToHaveCountAsync(1));
        table.Add("operator ends it by keyboard", _ => EndByKeyboardAsync());
        table.Add("operator drains it", async _ =>
        {
            await Stream.ClickAsync();
            await Dialog.GetByRole(AriaRole.Button, new() { Name = "Drain" }).ClickAsync();
            await Expect(Dialog).ToHaveCountAsync(0);
        });
        table.Add("the page elsewhere has said {string}, and is live with all that has happened", RecoveredAsync);
        table.Add("there is nothing of the streams for user", async _ =>
        {
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Streams" })).ToHaveCountAsync(0);
            foreach (var (method, path) in new[] { ("GET", "/v1/streams"), ("POST", "/v1/streams/gateway/127.0.0.1:8081/nothing:end"), ("POST", "/v1/streams/gateway/127.0.0.1:8081/nothing:drain") })
                Assert.Equal(403, await page.EvaluateAsync<int>("([method, path]) => fetch(path, { method, headers: { 'X-CSRF': '1' } }).then(answer => answer.status)", new[] { method, path }));
            await page.GotoAsync("/streams");
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Page not found" })).ToBeVisibleAsync();
        });
    }

    private async Task LookElsewhereAsync()
    {
        elsewhere = await (await page.Context.Browser!.NewContextAsync(new() { BaseURL = Catalog.Origin })).NewPageAsync();
        elsewhere.SetDefaultTimeout((float)Eventually.Timeout.TotalMilliseconds);
        await new ConsoleSteps(elsewhere, suite).ComeInAsync(user);
        await elsewhere.EvaluateAsync(OutageSteps.Watch);
    }

    private async Task LookAsync(string who)
    {
        user = who;
        await page.GetByRole(AriaRole.Link, new() { Name = "Streams" }).ClickAsync();
        await Expect(page.Locator("main .status")).ToHaveTextAsync("Live");
        await page.GetByLabel("Filter").FillAsync($"get /v1/users {user}");
    }

    private async Task EndByKeyboardAsync()
    {
        await Stream.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        // The first action has the focus.
        await Expect(Dialog.GetByRole(AriaRole.Button, new() { Name = "Drain" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Dialog).ToHaveCountAsync(0);
    }

    private async Task RecoveredAsync(string said)
    {
        var product = $"assam-{Guid.NewGuid():N}";
        var steps = new ConsoleSteps(elsewhere!, suite);
        await steps.PlaceAsync(user, product);
        await steps.AppearsAsync(product);
        await Eventually.UntilAsync(async () => (await elsewhere!.EvaluateAsync<string[]>("window.said")).Any(text => text.StartsWith(said, StringComparison.Ordinal)), $"the page has said {said}");
        await Expect(elsewhere!.Locator("header .status")).ToHaveTextAsync("Live");
        await elsewhere.Context.CloseAsync();
    }
}
