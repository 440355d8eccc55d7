using System.Collections.Concurrent;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The console in a real browser: the scenarios of the feature files beside this one.</summary>
[Collection(SharedSuiteTests.Name)]
public sealed class ConsoleTests(SharedSuite shared, ChromiumBrowser browser) : IClassFixture<ChromiumBrowser>
{
    public static IEnumerable<object[]> Scenarios => from file in (string[])["Login.feature", "Console.feature"] from scenario in FeatureScenario.Of(file) select (object[])[file, scenario.Name];

    [TheoryNeeding(Need.Chromium)]
    [MemberData(nameof(Scenarios))]
    public async Task A_scenario_is_as_it_is_written(string file, string name)
    {
        await using var context = await browser.NewContextAsync();
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout((float)Eventually.Timeout.TotalMilliseconds);
        // What the browser complains of, violations of the content security policy above all; a refusal that a scenario is about is no fault of the page.
        var complaints = new ConcurrentQueue<string>();
        page.Console += (_, message) => Note(complaints, message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal), message.Text);
        page.PageError += (_, error) => Note(complaints, true, error);
        var steps = new ConsoleSteps(page, shared.Suite).Table();
        try
        {
            foreach (var step in FeatureScenario.Of(file).Single(scenario => scenario.Name == name).Steps)
                await steps.RunAsync(step);
        }
        finally
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(ChromiumBrowser.Pictures, $"{name}.png") });
        }

        Assert.Empty(complaints);
    }

    private static void Note(ConcurrentQueue<string> complaints, bool isOne, string text)
    {
        if (isOne)
            complaints.Enqueue(text);
    }
}
