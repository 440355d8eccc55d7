using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microservices.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The steps by a user who has webhooks sent to a receiver.</summary>
internal sealed partial class WebhookSteps(IPage page, Suite suite, ConsoleSteps console, HookReceiver receiver)
{
    private const string Endpoints = "/v1/webhooks/endpoints";
    private const string Placed = "order.placed";
    // Shown as text it is harmless.
    private const string Answer = "<img src=x onerror=alert(1)> no tea is left";

    private readonly string path = $"/{Guid.NewGuid():N}";
    private string endpointId = "";
    private string secret = "";

    private string Url => receiver.Address + path;

    private ILocator Dialog => page.GetByRole(AriaRole.Dialog);

    private ILocator Status => page.Locator("main .status");

    private ILocator Main => page.Locator("main");

    public void AddTo(StepTable table)
    {
        table.Add("user creates an endpoint for {string} by keyboard", CreateAsync);
        table.Add("its secret is shown once, and can be copied", _ => SeeSecretAsync());
        table.Add("user opens the endpoint by keyboard", async _ =>
        {
            await console.TabToAsync(Url, "Enter");
            await Expect(Heading("Endpoint")).ToBeFocusedAsync();
            await Expect(Status).ToHaveTextAsync("Live");
        });
        table.Add("3 orders are placed", async _ =>
        {
            // What is read again from time to time is not answered: only the stream can tell.
            await page.RouteAsync(ReadAgain(), _ => Task.CompletedTask);
            for (var i = 0; i < 3; i++)
                await console.PlaceAsync("grace", "oolong");
        });
        table.Add("their deliveries appear without a reload, and the secret verifies what was sent", _ => AppearAsync());
        table.Add("user pauses, and an order is placed", async _ =>
        {
            await Button("Pause").ClickAsync();
            await console.PlaceAsync("grace", "oolong");
        });
        table.Add("its delivery waits until user goes on", async _ =>
        {
            // It was made, and delivered.
            await Expect(Button("Go on (2 changes)")).ToBeVisibleAsync();
            await Expect(Rows()).ToHaveCountAsync(3);
            await Button("Go on").ClickAsync();
            await Expect(Rows("Delivered")).ToHaveCountAsync(4);
        });
        table.Add("user has an endpoint", _ => HaveAsync());
        table.Add("user has an endpoint whose receiver answers 500", _ =>
        {
            receiver.AnswerAll(500);
            receiver.Body = Answer;
            return HaveAsync();
        });
        table.Add("1 order is placed", _ => console.PlaceAsync("grace", "oolong"));
        table.Add("user opens the delivery by keyboard", async _ =>
        {
            await Expect(Rows()).ToHaveCountAsync(1);
            await Rows().GetByRole(AriaRole.Button).FocusAsync();
            await page.Keyboard.PressAsync("Enter");
        });
        table.Add("its attempt is there, with the answer as text", async _ =>
        {
            await Expect(Main.Locator(".attempts li").First).ToContainTextAsync("HTTP 500 in ");
            await Expect(Main.Locator(".attempts pre").First).ToHaveTextAsync(Answer);
            await Expect(Main.Locator("img")).ToHaveCountAsync(0);
            var hook = receiver.Received.First();
            await Expect(page.GetByLabel("Body", new() { Exact = true })).ToHaveTextAsync(Encoding.UTF8.GetString(hook.Body));
            await Expect(page.GetByLabel("Headers")).ToContainTextAsync($"webhook-id: {hook.Id}");
        });
        table.Add("the receiver answers again, and user sends the delivery again", async _ =>
        {
            receiver.AnswerAll(200);
            await Button("Send again").FocusAsync();
            await page.Keyboard.PressAsync("Enter");
        });
        table.Add("it is delivered at the first attempt, under the same id", async _ =>
        {
            // Sent again it has all its attempts again; of itself it would have had one more.
            await Expect(Rows("Delivered").GetByRole(AriaRole.Cell).Nth(2)).ToHaveTextAsync("1");
            await Expect(Main.Locator(".attempts li").First).ToContainTextAsync("HTTP 200 in ");
            Assert.Single(receiver.Ids.Distinct());
        });
        table.Add("it is among the delivered, and no other", _ => FilterAsync());
        table.Add("user edits and disables it", _ => EditAsync());
        table.Add("it is disabled, and nothing is sent to it", async _ =>
        {
            await Expect(Main.Locator("dl")).ToContainTextAsync("Tea is shipped");
            await Expect(Button("Send a ping")).ToBeDisabledAsync();
        });
        table.Add("user enables it, and sends a ping", async _ =>
        {
            await Button("Enable").ClickAsync();
            await Button("Send a ping").ClickAsync();
        });
        table.Add("the ping is delivered", _ => Expect(Rows("Delivered", "webhook.ping")).ToHaveCountAsync(1));
        table.Add("user makes a new secret", async _ =>
        {
            await Button("New secret").ClickAsync();
            await page.Keyboard.PressAsync("Enter");
        });
        table.Add("user deletes it", async _ =>
        {
            await Button("Delete").ClickAsync();
            await Expect(Dialog).ToContainTextAsync("Delete this endpoint?");
            await Dialog.GetByRole(AriaRole.Button, new() { Name = "Delete endpoint" }).ClickAsync();
        });
        table.Add("it is gone, and its address is not found", async _ =>
        {
            await Expect(Heading("Webhooks")).ToBeFocusedAsync();
            await Expect(page.GetByText("endpoints of grace")).ToBeVisibleAsync();
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = Url })).ToHaveCountAsync(0);
            await page.GotoAsync($"/webhooks/{endpointId}");
            await Expect(Heading("Endpoint not found")).ToBeVisibleAsync();
        });
        table.Add("user sees no endpoint of another user", _ => SeesNoOthersAsync());
        table.Add("operator finds it by its owner, and those of everybody", _ => FindAsync());
        table.Add("the pages of webhooks have no problem for axe, light or dark, at 320 pixels", _ => AxeAsync());
    }

    private ILocator Heading(string name) => page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true, Level = 1 });

    private ILocator Button(string name) => Main.GetByRole(AriaRole.Button, new() { Name = name });

    private ILocator Rows(string? state = null, string type = Placed)
    {
        var rows = page.GetByRole(AriaRole.Table, new() { Name = "Deliveries" }).GetByRole(AriaRole.Row).Filter(new() { HasText = type });
        return state is null ? rows : rows.Filter(new() { HasText = state });
    }

    private async Task CreateAsync(string type)
    {
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await console.TabToAsync("Webhooks", "Enter");
        await console.TabToAsync("Create an endpoint", "Enter");
        await Expect(page.GetByLabel("URL")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync(Url);
        await console.TabToAsync(type, "Space");
        await console.TabToAsync("Create", "Enter");
    }

    private async Task SeeSecretAsync()
    {
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await Expect(Dialog).ToContainTextAsync("It is shown now, and never again");
        secret = (await page.Locator(".secret").TextContentAsync())!;
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        await console.TabToAsync("Copy", "Enter");
        await Expect(page.GetByText("Copied")).ToBeVisibleAsync();
        Assert.Equal(secret, await page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await console.TabToAsync("Close", "Enter");
        await Expect(page.Locator(".secret")).ToHaveCountAsync(0);
        Assert.DoesNotContain("whsec_", await page.ContentAsync(), StringComparison.Ordinal);
    }

    private async Task AppearAsync()
    {
        await Expect(Rows("Delivered")).ToHaveCountAsync(3);
        await page.UnrouteAsync(ReadAgain());
        await Expect(Status).ToHaveTextAsync("Live");
        var hooks = receiver.Received.ToList();
        Assert.Equal(3, hooks.DistinctBy(hook => hook.Id).Count());
        foreach (var hook in hooks)
        {
            var signed = Encoding.UTF8.GetBytes($"{hook.Id}.{hook.Headers["webhook-timestamp"]}.{Encoding.UTF8.GetString(hook.Body)}");
            Assert.Equal($"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), signed))}", hook.Headers["webhook-signature"]);
        }
    }

    private async Task HaveAsync()
    {
        endpointId = await NewEndpointAsync("grace");
        await page.GotoAsync($"/webhooks/{endpointId}");
        await Expect(Status).ToHaveTextAsync("Live");
    }

    private async Task<string> NewEndpointAsync(string owner)
    {
        using var created = await suite.Http.PostAsJsonAsync(Endpoints, new { ownerId = owner, url = Url, eventTypes = new[] { Placed } });
        return (await created.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("endpoint").GetProperty("endpointId").GetString()!;
    }

    private async Task FilterAsync()
    {
        await page.GetByLabel("State").SelectOptionAsync("failed");
        await Expect(page.GetByText("No delivery is failed.")).ToBeVisibleAsync();
        await page.GetByLabel("State").SelectOptionAsync("delivered");
        await Expect(Rows("Delivered")).ToHaveCountAsync(1);
        await Expect(Status).ToHaveTextAsync("Live");
    }

    private async Task EditAsync()
    {
        await Button("Edit").ClickAsync();
        await page.GetByLabel("Description").FillAsync("Tea is shipped");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Dialog).ToHaveCountAsync(0);
        await Button("Disable").ClickAsync();
        await Expect(Main.Locator("dl .state")).ToHaveTextAsync("Disabled");
    }

    private async Task SeesNoOthersAsync()
    {
        var others = await NewEndpointAsync("operator");
        await page.GotoAsync("/webhooks");
        await Expect(page.GetByText("endpoints of grace")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("Owner")).ToHaveCountAsync(0);
        await Expect(page.GetByText(Url)).ToHaveCountAsync(0);
        await page.GotoAsync($"/webhooks/{others}");
        await Expect(Heading("Endpoint not found")).ToBeVisibleAsync();
        await Expect(page.GetByText(Url)).ToHaveCountAsync(0);
        foreach (var (where, status) in new[] { ($"{Endpoints}?ownerId=operator", 403), ($"{Endpoints}?ownerId=@everyone", 403), ($"{Endpoints}/{others}/deliveries", 404), ($"{Endpoints}/{others}/deliveries/events", 404) })
            Assert.Equal(status, await page.EvaluateAsync<int>("path => fetch(path).then(answer => answer.status)", where));
    }

    private async Task FindAsync()
    {
        await NewEndpointAsync("@everyone");
        await page.GetByRole(AriaRole.Link, new() { Name = "Webhooks" }).First.ClickAsync();
        // A page that is gone to takes the focus.
        await Expect(Heading("Webhooks")).ToBeFocusedAsync();
        foreach (var owner in (string[])["grace", "@everyone"])
        {
            await page.GetByLabel("Owner").FillAsync(owner);
            await page.Keyboard.PressAsync("Enter");
            await Expect(page.GetByText($"endpoints of {owner}")).ToBeVisibleAsync();
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = Url })).ToHaveCountAsync(1);
        }
    }

    private async Task AxeAsync()
    {
        await console.AxeAsync("/webhooks", $"/webhooks/{endpointId}");
        // Once more with all that it can show, as it is now: dark, and narrow.
        await Rows().GetByRole(AriaRole.Button).ClickAsync();
        await Expect(Main.Locator(".attempts li").First).ToBeVisibleAsync();
        await console.IsAccessibleAsync("a delivery");
        await Button("Edit").ClickAsync();
        await console.IsAccessibleAsync("a dialog");
    }

    [GeneratedRegex("/deliveries\\?")]
    private static partial Regex ReadAgain();
}
