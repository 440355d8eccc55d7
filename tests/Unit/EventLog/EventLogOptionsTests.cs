using Microservices.EventLog;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microservices.Tests.Unit.EventLog;

public sealed class EventLogOptionsTests
{
    [Theory]
    [InlineData("ConnectionStrings:Redis", "")]
    [InlineData("ConnectionStrings:Redis", "localhost,noSuchKey=1")]
    [InlineData("EventLog:MaxEvents", "0")]
    [InlineData("EventLog:MaxAge", "00:00:00.5")]
    [InlineData("EventLog:MaxTransientEvents", "0")]
    [InlineData("EventLog:MaxBytes", "1000000")]
    [InlineData("EventLog:MaxTransientBytes", "0")]
    [InlineData("EventLog:IdleTopicRetention", "00:09:59")]
    [InlineData("EventLog:BatchBytes", "10")]
    [InlineData("EventLog:CheckInterval", "00:02:00")]
    [InlineData("EventLog:KeyPrefix", "a{b}")]
    [InlineData("EventLog:MaxEventBytes", "81919")]
    public async Task A_wrong_setting_stops_the_process_and_is_named(string key, string value)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Redis"] = "localhost:1", [key] = value });
        builder.AddEventLog();
        using var host = builder.Build();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains(key, error.Message, StringComparison.Ordinal);
    }
}
