using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>The console in a real browser: the scenarios of the feature files beside this one.</summary>
[Collection(SharedSuiteTests.Name)]
public sealed class ConsoleTests(SharedSuite shared, ChromiumBrowser browser) : IClassFixture<ChromiumBrowser>
{
    public static IEnumerable<object[]> Scenarios => FeatureScenario.NamesOf("Login.feature", "Console.feature", "Operator.feature");

    [TheoryNeeding(Need.Chromium)]
    [MemberData(nameof(Scenarios))]
    public Task A_scenario_is_as_it_is_written(string file, string name) =>
        browser.PlayAsync(FeatureScenario.Of(file, name), page => new ConsoleSteps(page, shared.Suite).Table());
}
