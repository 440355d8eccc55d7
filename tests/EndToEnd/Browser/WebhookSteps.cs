using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microservices.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The steps by a user who has webhooks sent to a receiver, and looks at what becomes of them.</summary>
internal sealed partial class WebhookSteps(IPage page, ConsoleSteps console, HookReceiver receiver, WebhookPages pages)
{
    // Shown as text it is harmless.
    private const string Answer = "<img src=x onerror=alert(1)> no tea is left";

    private string secret = "";

    public void AddTo(StepTable table)
    {
        table.Add("user creates an endpoint for {string} by keyboard", CreateAsync);
        table.Add("its secret is shown once, and can be copied", _ => SeeSecretAsync());
        table.Add("user opens the endpoint by keyboard", async _ =>
        {
            await console.TabToAsync(pages.Url, "Enter");
            await Expect(pages.Heading("Endpoint")).ToBeFocusedAsync();
            await Expect(pages.Status).ToHaveTextAsync("Live");
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
            await pages.Button("Pause").ClickAsync();
            await console.PlaceAsync("grace", "oolong");
        });
        table.Add("its delivery waits until user goes on", async _ =>
        {
            // It was made, and delivered.
            await Expect(pages.Button("Go on (2 changes)")).ToBeVisibleAsync();
            await Expect(pages.Rows()).ToHaveCountAsync(3);
            await pages.Button("Go on").ClickAsync();
            await Expect(pages.Rows("Delivered")).ToHaveCountAsync(4);
        });
        table.Add("user has an endpoint", _ => pages.HaveAsync());
        table.Add("user has an endpoint whose receiver answers 500", _ =>
        {
            receiver.AnswerAll(500);
            receiver.Body = Answer;
            return pages.HaveAsync();
        });
        table.Add("1 order is placed", _ => console.PlaceAsync("grace", "oolong"));
        table.Add("user opens the delivery by keyboard", async _ =>
        {
            await Expect(pages.Rows()).ToHaveCountAsync(1);
            await pages.Rows().GetByRole(AriaRole.Button).FocusAsync();
            await page.Keyboard.PressAsync("Enter");
        });
        table.Add("its attempt is there, with the answer as text", async _ =>
        {
            await Expect(pages.Main.Locator(".attempts li").First).ToContainTextAsync("HTTP 500 in ");
            await Expect(pages.Main.Locator(".attempts pre").First).ToHaveTextAsync(Answer);
            await Expect(pages.Main.Locator("img")).ToHaveCountAsync(0);
            var hook = receiver.Received.First();
            await Expect(page.GetByLabel("Body", new() { Exact = true })).ToHaveTextAsync(Encoding.UTF8.GetString(hook.Body));
            await Expect(page.GetByLabel("Headers")).ToContainTextAsync($"webhook-id: {hook.Id}");
        });
        table.Add("the receiver answers again, and user sends the delivery again", async _ =>
        {
            receiver.AnswerAll(200);
            await pages.Button("Send again").FocusAsync();
            await page.Keyboard.PressAsync("Enter");
        });
        table.Add("it is delivered at the first attempt, under the same id", async _ =>
        {
            // Sent again it has all its attempts again; of itself it would have had one more.
            await Expect(pages.Rows("Delivered").GetByRole(AriaRole.Cell).Nth(2)).ToHaveTextAsync("1");
            await Expect(pages.Main.Locator(".attempts li").First).ToContainTextAsync("HTTP 200 in ");
            Assert.Single(receiver.Ids.Distinct());
        });
        table.Add("it is among the delivered, and no other", _ => FilterAsync());
    }

    private async Task CreateAsync(string type)
    {
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await console.TabToAsync("Webhooks", "Enter");
        await console.TabToAsync("Create an endpoint", "Enter");
        await Expect(page.GetByLabel("URL")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync(pages.Url);
        await console.TabToAsync(type, "Space");
        await console.TabToAsync("Create", "Enter");
    }

    private async Task SeeSecretAsync()
    {
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await Expect(pages.Dialog).ToContainTextAsync("It is shown now, and never again");
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
        await Expect(pages.Rows("Delivered")).ToHaveCountAsync(3);
        await page.UnrouteAsync(ReadAgain());
        await Expect(pages.Status).ToHaveTextAsync("Live");
        var hooks = receiver.Received.ToList();
        Assert.Equal(3, hooks.DistinctBy(hook => hook.Id).Count());
        foreach (var hook in hooks)
        {
            var signed = Encoding.UTF8.GetBytes($"{hook.Id}.{hook.Headers["webhook-timestamp"]}.{Encoding.UTF8.GetString(hook.Body)}");
            Assert.Equal($"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), signed))}", hook.Headers["webhook-signature"]);
        }
    }

    private async Task FilterAsync()
    {
        await page.GetByLabel("State").SelectOptionAsync("failed");
        await Expect(page.GetByText("No delivery is failed.")).ToBeVisibleAsync();
        await page.GetByLabel("State").SelectOptionAsync("delivered");
        await Expect(pages.Rows("Delivered")).ToHaveCountAsync(1);
        await Expect(pages.Status).ToHaveTextAsync("Live");
    }

    [GeneratedRegex("/deliveries\\?")]
    private static partial Regex ReadAgain();
}
