using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The steps by which an endpoint is changed, found, hidden from others and deleted.</summary>
internal sealed class EndpointSteps(IPage page, ConsoleSteps console, WebhookPages pages)
{
    public void AddTo(StepTable table)
    {
        table.Add("user edits and disables it", _ => EditAsync());
        table.Add("it is disabled, and nothing is sent to it", async _ =>
        {
            await Expect(pages.Main.Locator("dl")).ToContainTextAsync("Tea is shipped");
            await Expect(pages.Button("Send a ping")).ToBeDisabledAsync();
        });
        table.Add("user enables it, and sends a ping", async _ =>
        {
            await pages.Button("Enable").ClickAsync();
            await pages.Button("Send a ping").ClickAsync();
        });
        table.Add("the ping is delivered", _ => Expect(pages.Rows("Delivered", "webhook.ping")).ToHaveCountAsync(1));
        table.Add("user makes a new secret", async _ =>
        {
            await pages.Button("New secret").ClickAsync();
            await page.Keyboard.PressAsync("Enter");
        });
        table.Add("user deletes it", async _ =>
        {
            await pages.Button("Delete").ClickAsync();
            await Expect(pages.Dialog).ToContainTextAsync("Delete this endpoint?");
            await pages.Dialog.GetByRole(AriaRole.Button, new() { Name = "Delete endpoint" }).ClickAsync();
        });
        table.Add("it is gone, and its address is not found", async _ =>
        {
            await Expect(pages.Heading("Webhooks")).ToBeFocusedAsync();
            await Expect(page.GetByText("endpoints of grace")).ToBeVisibleAsync();
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = pages.Url })).ToHaveCountAsync(0);
            await page.GotoAsync($"/webhooks/{pages.EndpointId}");
            await Expect(pages.Heading("Endpoint not found")).ToBeVisibleAsync();
        });
        table.Add("user sees no endpoint of another user", _ => SeesNoOthersAsync());
        table.Add("operator finds it by its owner, and those of everybody", _ => FindAsync());
        table.Add("the pages of webhooks have no problem for axe, light or dark, at 320 pixels", _ => AxeAsync());
    }

    private async Task EditAsync()
    {
        await pages.Button("Edit").ClickAsync();
        await page.GetByLabel("Description").FillAsync("Tea is shipped");
        await page.Keyboard.PressAsync("Enter");
        await Expect(pages.Dialog).ToHaveCountAsync(0);
        await pages.Button("Disable").ClickAsync();
        await Expect(pages.Main.Locator("dl .state")).ToHaveTextAsync("Disabled");
    }

    private async Task SeesNoOthersAsync()
    {
        var others = await pages.NewEndpointAsync("operator");
        await page.GotoAsync("/webhooks");
        await Expect(page.GetByText("endpoints of grace")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("Owner")).ToHaveCountAsync(0);
        await Expect(page.GetByText(pages.Url)).ToHaveCountAsync(0);
        await page.GotoAsync($"/webhooks/{others}");
        await Expect(pages.Heading("Endpoint not found")).ToBeVisibleAsync();
        await Expect(page.GetByText(pages.Url)).ToHaveCountAsync(0);
        foreach (var (where, status) in new[] { ($"{WebhookPages.Endpoints}?ownerId=operator", 403), ($"{WebhookPages.Endpoints}?ownerId=@everyone", 403), ($"{WebhookPages.Endpoints}/{others}/deliveries", 404), ($"{WebhookPages.Endpoints}/{others}/deliveries/events", 404) })
            Assert.Equal(status, await page.EvaluateAsync<int>("path => fetch(path).then(answer => answer.status)", where));
    }

    private async Task FindAsync()
    {
        await pages.NewEndpointAsync("@everyone");
        await page.GetByRole(AriaRole.Link, new() { Name = "Webhooks" }).First.ClickAsync();
        // A page that is gone to takes the focus.
        await Expect(pages.Heading("Webhooks")).ToBeFocusedAsync();
        foreach (var owner in (string[])["grace", "@everyone"])
        {
            await page.GetByLabel("Owner").FillAsync(owner);
            await page.Keyboard.PressAsync("Enter");
            await Expect(page.GetByText($"endpoints of {owner}")).ToBeVisibleAsync();
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = pages.Url })).ToHaveCountAsync(1);
        }
    }

    private async Task AxeAsync()
    {
        await console.AxeAsync("/webhooks", $"/webhooks/{pages.EndpointId}");
        // Once more with all that it can show, as it is now: dark, and narrow.
        await pages.Rows().GetByRole(AriaRole.Button).ClickAsync();
        await Expect(pages.Main.Locator(".attempts li").First).ToBeVisibleAsync();
        await console.IsAccessibleAsync("a delivery");
        await pages.Button("Edit").ClickAsync();
        await console.IsAccessibleAsync("a dialog");
    }
}
