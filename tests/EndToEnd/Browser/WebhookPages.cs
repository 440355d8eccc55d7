using System.Net.Http.Json;
using System.Text.Json;
using Microservices.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>What there is on the pages of webhooks, and the endpoint that a scenario is about.</summary>
internal sealed class WebhookPages(IPage page, Suite suite, HookReceiver receiver)
{
    public const string Endpoints = "/v1/webhooks/endpoints";
    public const string Placed = "order.placed";

    private readonly string path = $"/{Guid.NewGuid():N}";

    public string EndpointId { get; private set; } = "";

    public string Url => receiver.Address + path;

    public ILocator Dialog => page.GetByRole(AriaRole.Dialog);

    public ILocator Status => page.Locator("main .status");

    public ILocator Main => page.Locator("main");

    public ILocator Heading(string name) => page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true, Level = 1 });

    public ILocator Button(string name) => Main.GetByRole(AriaRole.Button, new() { Name = name });

    public ILocator Rows(string? state = null, string type = Placed)
    {
        var rows = page.GetByRole(AriaRole.Table, new() { Name = "Deliveries" }).GetByRole(AriaRole.Row).Filter(new() { HasText = type });
        return state is null ? rows : rows.Filter(new() { HasText = state });
    }

    /// <summary>An endpoint of grace, and its page.</summary>
    public async Task HaveAsync()
    {
        EndpointId = await NewEndpointAsync("grace");
        await page.GotoAsync($"/webhooks/{EndpointId}");
        await Expect(Status).ToHaveTextAsync("Live");
    }

    public async Task<string> NewEndpointAsync(string owner)
    {
        using var created = await suite.Http.PostAsJsonAsync(Endpoints, new { ownerId = owner, url = Url, eventTypes = new[] { Placed } });
        return (await created.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("endpoint").GetProperty("endpointId").GetString()!;
    }
}
