using System.Globalization;
using Microservices.Local;
using Microservices.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The steps by an operator.</summary>
internal sealed class OperatorSteps(IPage page, Suite suite, ConsoleSteps console)
{
    private static readonly string[] Services = [.. Catalog.Services.Select(service => service.Name).Order(StringComparer.Ordinal)];

    private ILocator SuiteBadge => page.Locator(".suite .status");

    public void AddTo(StepTable table)
    {
        table.Add("operator is logged in", _ => console.ComeInAsync("operator"));
        table.Add("every service is shown as healthy, with its requests", _ => AllHealthyAsync());
        table.Add("orders hangs", _ => Shell.SignalAsync(suite.Pids["orders"], "STOP"));
        table.Add("the dashboard says that nothing is heard of orders", _ => LostAsync());
        table.Add("it is healthy again when it goes on", async _ =>
        {
            await Shell.SignalAsync(suite.Pids["orders"], "CONT");
            await Expect(Replica("orders")).ToContainTextAsync("healthy");
            await Expect(page.GetByText("Nothing is wrong.")).ToBeVisibleAsync();
        });
        table.Add("there is nothing of the suite for user", async _ =>
        {
            await Expect(page.Locator(".suite")).ToHaveCountAsync(0);
            Assert.Equal(403, await page.EvaluateAsync<int>("fetch('/v1/operations/events').then(answer => answer.status)"));
        });
        table.Add("the operator's pages have no problem for axe, light or dark, at 320 pixels", async _ =>
        {
            await console.PlaceAsync("grace", "assam");
            await console.AxeAsync("/", "/streams", "/topics", TopicSteps.GracesPage, "/users");
        });
        new TopicSteps(page, console).AddTo(table);
        new StreamSteps(page, suite).AddTo(table);
    }

    private ILocator Replica(string service) => page.GetByRole(AriaRole.Table, new() { Name = "Replicas" }).GetByRole(AriaRole.Row).Filter(new() { HasText = service });

    private async Task AllHealthyAsync()
    {
        await Expect(SuiteBadge).ToHaveTextAsync("Live");
        foreach (var service in Services)
            await Expect(Replica(service)).ToContainTextAsync("healthy");
        Assert.Equal(Services.Length, await page.GetByRole(AriaRole.Table, new() { Name = "Replicas" }).Locator("tbody tr").CountAsync());
        // The page itself asks the gateway from time to time.
        var most = page.GetByRole(AriaRole.Table, new() { Name = "Requests a second" }).GetByRole(AriaRole.Row).Filter(new() { HasText = "gateway" }).Locator("td").Last;
        await Eventually.UntilAsync(async () => double.TryParse(await most.TextContentAsync(), CultureInfo.InvariantCulture, out var rate) && rate > 0, "the gateway's requests are seen");
        await Expect(page.Locator("console-chart canvas")).ToHaveCountAsync(2);
    }

    private async Task LostAsync()
    {
        try
        {
            await Expect(Replica("orders")).ToContainTextAsync("lost");
            await Expect(page.Locator(".alerts")).ToContainTextAsync("Nothing is heard of this replica");
        }
        catch
        {
            // Others use it too.
            await Shell.SignalAsync(suite.Pids["orders"], "CONT");
            throw;
        }
    }
}
