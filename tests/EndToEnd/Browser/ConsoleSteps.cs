using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microservices.Local;
using Microservices.Orders.V1;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The steps of the feature files, by a user of the browser: Grace, whose demo account it is.</summary>
internal sealed partial class ConsoleSteps(IPage page, Suite suite)
{
    // Ten times what is promised, and less than it takes to find out without the stream.
    private const float TenSeconds = 10_000;
    private static readonly string[] Pages = ["/", "/orders", "/notifications", "/sessions", "/orders/nothing"];

    public StepTable Table()
    {
        var table = new StepTable();
        table.Add("user is on the login page", _ => OpenLoginAsync());
        table.Add("user enters valid credentials", _ => LogInAsync("grace@example.com", Password()));
        table.Add("user should see the dashboard", _ => SeeDashboardAsync());
        table.Add("user is logged in", _ => ComeInAsync());
        new OperatorSteps(page, suite, this).AddTo(table);
        table.Add("user enters a wrong password", _ => LogInAsync("grace@example.com", "wrong"));
        table.Add("user is told what a user who does not exist is told", ComparesRefusalsAsync);
        table.Add("an order of {string} is placed by gRPC", async product => await PlaceAsync("grace", product));
        table.Add("the order of {string} appears without a reload", AppearsAsync);
        table.Add("user opens the address of another user's order", async _ => await page.GotoAsync($"/orders/{await PlaceAsync("operator", "secret")}"));
        table.Add("user is told that it is not found", async _ =>
        {
            await Expect(Heading("Order not found")).ToBeVisibleAsync();
            await Expect(page.GetByText("secret")).ToHaveCountAsync(0);
        });
        table.Add("the session is revoked elsewhere", _ => RevokeElsewhereAsync());
        table.Add("user is at the login page within a second", _ => Expect(Heading("Log in")).ToBeVisibleAsync(new() { Timeout = TenSeconds }));
        table.Add("user logs out and goes back", _ => LogOutAndGoBackAsync());
        table.Add("user is on the login page, and has seen nothing", async _ =>
        {
            await Expect(Heading("Log in")).ToBeVisibleAsync();
            await Expect(page.GetByText("grace", new() { Exact = false })).ToHaveCountAsync(0);
        });
        table.Add("user logs in, places an order of {string} and cancels it by keyboard alone", ByKeyboardAsync);
        table.Add("the order is cancelled", async _ => await Expect(page.Locator("dl .state")).ToHaveTextAsync("Cancelled"));
        table.Add("no page has a problem for axe, light or dark, at 320 pixels", _ => AxeAsync(Pages));
        return table;
    }

    /// <summary>Logs in with a demo account, and sees the dashboard.</summary>
    public async Task ComeInAsync(string user = "grace")
    {
        await OpenLoginAsync();
        await LogInAsync($"{user}@example.com", Password(user));
        await SeeDashboardAsync();
    }

    /// <summary>Sees that nothing is wrong with pages for those who cannot see them well, and that they fit.</summary>
    public async Task AxeAsync(params string[] paths)
    {
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 1100), (ColorScheme.Dark, 320) })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.SetViewportSizeAsync(width, 760);
            foreach (var path in paths)
            {
                await page.GotoAsync(path);
                await Expect(page.Locator("header .status.live")).ToBeVisibleAsync();
                await Expect(page.GetByText("Loading")).ToHaveCountAsync(0);
                await IsAccessibleAsync($"{path}, {scheme}, {width}");
            }
        }
    }

    /// <summary>Sees it of what is shown now.</summary>
    public async Task IsAccessibleAsync(string shown)
    {
        var violations = (await page.RunAxe()).Violations;
        Assert.True(violations.Length == 0, $"{shown}: {string.Join("; ", violations.Select(violation => $"{violation.Id} {violation.Help}: {string.Join(", ", violation.Nodes.Select(node => node.Html))}"))}");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"{shown} is too wide");
    }

    private string Password(string user = "grace") => File.ReadAllText(Path.Combine(Plan.DemoOf(suite.Data), $"{user}.password")).Trim();

    private ILocator Heading(string name) => page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true, Level = 1 });

    private async Task OpenLoginAsync()
    {
        await page.GotoAsync("/");
        await Expect(Heading("Log in")).ToBeVisibleAsync();
    }

    private async Task LogInAsync(string email, string password)
    {
        await page.GetByLabel("E-mail").FillAsync(email);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
    }

    private async Task SeeDashboardAsync()
    {
        await Expect(Heading("Dashboard")).ToBeVisibleAsync();
        await Expect(page.Locator("header .status.live")).ToBeVisibleAsync();
        // No token is in the page's reach.
        Assert.Equal("", await page.EvaluateAsync<string>("document.cookie"));
        Assert.Equal(0, await page.EvaluateAsync<int>("localStorage.length + sessionStorage.length"));
    }

    private async Task ComparesRefusalsAsync(string _)
    {
        var ofWrongPassword = await page.GetByRole(AriaRole.Alert).TextContentAsync();
        await LogInAsync($"nobody-{Guid.NewGuid():N}@example.com", "wrong");
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync(ofWrongPassword!);
    }

    /// <summary>Places an order by gRPC, and tells its id.</summary>
    public async Task<string> PlaceAsync(string user, string product)
    {
        using var channel = suite.ChannelTo(Suite.Orders);
        var line = new OrderLine { ProductId = product, Quantity = 1, UnitPrice = new() { CurrencyCode = "EUR", Units = 10 } };
        return (await new OrdersService.OrdersServiceClient(channel).PlaceOrderAsync(new() { UserId = user, Lines = { line } })).Order.OrderId;
    }

    /// <summary>Sees an order come in without a reload.</summary>
    public async Task AppearsAsync(string product)
    {
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = product, Exact = true })).ToHaveCountAsync(1);
        Assert.Equal("navigate", await page.EvaluateAsync<string>("performance.getEntriesByType('navigation')[0].type"));
    }

    private async Task RevokeElsewhereAsync()
    {
        var session = await page.EvaluateAsync<string>("fetch('/bff/user').then(answer => answer.json()).then(user => user.sessionId)");
        // What is read again from time to time is not answered any more: only the stream can tell.
        await page.RouteAsync(ReadAgain(), _ => Task.CompletedTask);
        await using var elsewhere = await page.Context.Browser!.NewContextAsync(new() { BaseURL = Catalog.Origin });
        var other = await elsewhere.NewPageAsync();
        await new ConsoleSteps(other, suite).ComeInAsync();
        Assert.Equal(204, await other.EvaluateAsync<int>("id => fetch(`/bff/sessions/${id}`, { method: 'DELETE', headers: { 'X-CSRF': '1' } }).then(answer => answer.status)", session));
    }

    private async Task LogOutAndGoBackAsync()
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Orders", Exact = true }).ClickAsync();
        await Expect(Heading("Orders")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Log out" }).ClickAsync();
        await Expect(Heading("Log in")).ToBeVisibleAsync();
        await page.GoBackAsync();
    }

    private async Task ByKeyboardAsync(string product)
    {
        // The first field has the focus once the page is there: a key that comes before that is nobody's.
        await Expect(page.GetByLabel("E-mail")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("grace@example.com");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync(Password());
        await page.Keyboard.PressAsync("Enter");
        await SeeDashboardAsync();
        await TabToAsync("Orders", "Enter");
        await TabToAsync("Place an order", "Enter");
        await TabToAsync("Product");
        await page.Keyboard.TypeAsync(product);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = product, Exact = true })).ToBeVisibleAsync();
        // The focus is back where it was.
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Place an order" })).ToBeFocusedAsync();
        await TabToAsync(product, "Enter");
        await TabToAsync("Cancel order", "Enter");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await TabToAsync("Cancel order", "Enter");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
    }

    /// <summary>Tabs on until what has the focus is called so.</summary>
    public async Task TabToAsync(string name, string? press = null)
    {
        const string Focused = "(document.activeElement?.labels?.[0] ?? document.activeElement)?.textContent?.trim() ?? ''";
        for (var i = 0; i < 60 && (i == 0 || await page.EvaluateAsync<string>(Focused) != name); i++)
            await page.Keyboard.PressAsync("Tab");
        Assert.Equal(name, await page.EvaluateAsync<string>(Focused));
        if (press is not null)
            await page.Keyboard.PressAsync(press);
    }

    [GeneratedRegex("/(orders|notifications)$")]
    private static partial Regex ReadAgain();
}
