using Microservices.Primitives;
using Microsoft.Extensions.Configuration;

namespace Microservices.Tests.Unit.Hosting;

public sealed class TimesInConfigurationTests
{
    [Theory]
    [InlineData("00:00:05", 5_000)]
    [InlineData("00:05", 300_000)]
    [InlineData("00:00:00.3", 300)]
    [InlineData("1.00:00:00", 86_400_000)]
    [InlineData(" 23:59:59 ", 86_399_000)]
    public void A_time_is_written_with_colons(string text, int milliseconds) => Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Bind(text).Value);

    [Theory]
    [InlineData("24")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("24:00:00")]
    [InlineData("00:60:00")]
    [InlineData("30s")]
    public void A_number_that_could_mean_days_or_seconds_or_hours_is_refused(string text)
    {
        Assert.Contains("Value", Assert.Throws<InvalidOperationException>(() => Bind(text)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => Bind("00:00:01", text));
    }

    private static Times Bind(string value, string? optional = null)
    {
        TimesInConfiguration.Install();
        return new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Value"] = value, ["OptionalValue"] = optional ?? value }).Build().Get<Times>()!;
    }

    private sealed class Times
    {
        public TimeSpan Value { get; set; }

        public TimeSpan? OptionalValue { get; set; }
    }
}
