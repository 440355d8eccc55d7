using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Hosting;

public sealed class LogFloodTests(Backends backends) : IClassFixture<Backends>
{
    [Fact]
    public async Task A_flood_of_lines_of_a_kind_is_a_few_lines_and_a_count_in_every_process()
    {
        await using var host = await backends.AnotherOrdersAsync();
        using var log = new CapturedLog();
        var logging = host.Services.GetRequiredService<ILoggerFactory>();
        logging.AddProvider(log);
        var logger = logging.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Http2");

        for (var i = 0; i < 19_000; i++)
            logger.Log(LogLevel.Critical, new EventId(60, "Flood"), i, null, (state, _) => $"line {state}");

        await Microservices.Tests.Support.Eventually.UntilAsync(
            () => log.Lines.Any(line => line.Contains("more lines like these (Flood)", StringComparison.Ordinal)), "the others are counted");
        Assert.InRange(log.Lines.Count(line => line.Contains(".Http2[", StringComparison.Ordinal)), 2, 60);
    }
}
