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
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = Arguments });
    }

    /// <summary>A browser of its own, as far as cookies and storage go.</summary>
    public Task<IBrowserContext> NewContextAsync() =>
        browser!.NewContextAsync(new() { BaseURL = Local.Catalog.Origin, Locale = "en-GB", ViewportSize = new() { Width = 1100, Height = 760 } });

    public async Task DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
    }
}
