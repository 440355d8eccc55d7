using System.Collections.Concurrent;
using Microservices.Tests.Support;
using Microsoft.Playwright;
using Xunit;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>Debian's Chromium, once for all scenarios. Nothing is downloaded.</summary>
public sealed class ChromiumBrowser : IAsyncLifetime
{
    private static readonly string[] Arguments = ["--no-sandbox", "--disable-quic", "--disable-background-networking"];
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>Where pictures of the last state of each scenario are kept.</summary>
    public static string Pictures { get; } = Path.Combine(Needs.Root, "tests", "TestResults", "console");

    public async Task InitializeAsync()
    {
        // Without it the tests are skipped.
        if (Needs.Program("chromium") is not { } program)
            return;
        // Its own is five seconds.
        Assertions.SetDefaultExpectTimeout((float)Eventually.Timeout.TotalMilliseconds);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = Arguments });
    }

    /// <summary>A browser of its own, as far as cookies and storage go.</summary>
    /// <param name="proxy">Through which port of this machine it goes; null for none.</param>
    public Task<IBrowserContext> NewContextAsync(int? proxy = null) => browser!.NewContextAsync(new()
    {
        BaseURL = Local.Catalog.Origin,
        Locale = "en-GB",
        ViewportSize = new() { Width = 1100, Height = 760 },
        Proxy = proxy is null ? null : new() { Server = $"http://127.0.0.1:{proxy}" },
    });

    /// <summary>Does the steps of a scenario, and keeps a picture of where they have led. Fails when the page complains.</summary>
    internal async Task PlayAsync(FeatureScenario scenario, Func<IPage, StepTable> steps, int? proxy = null)
    {
        await using var context = await NewContextAsync(proxy);
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout((float)Eventually.Timeout.TotalMilliseconds);
        // What the browser complains of, violations of the content security policy above all; a refusal that a scenario is about is no fault of the page.
        var complaints = new ConcurrentQueue<string>();
        page.Console += (_, message) => Note(message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal), message.Text);
        page.PageError += (_, error) => Note(true, error);
        var table = steps(page);
        try
        {
            foreach (var step in scenario.Steps)
                await table.RunAsync(step);
        }
        finally
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"{scenario.Name}.png") });
        }

        Assert.Empty(complaints);

        void Note(bool isOne, string text)
        {
            if (isOne)
                complaints.Enqueue(text);
        }
    }

    public async Task DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
    }
}
