using System.Collections.Concurrent;
using Microservices.Hosting.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting;

public sealed class LogThrottleTests : IDisposable
{
    private static readonly EventId Flood = new(7, "Flood");
    private static readonly EventId Other = new(8, "Other");
    private readonly FakeTimeProvider time = new();
    private readonly Written written = new();
    private readonly LogThrottle throttle;

    public LogThrottleTests() => throttle = new LogThrottle(new LoggerFactory([written]), Options.Create(new LogThrottleOptions()), time);

    [Fact]
    public void Of_a_flood_of_lines_of_a_kind_a_few_are_written_and_the_others_counted()
    {
        var logger = throttle.CreateLogger("Kestrel.Http2");

        Log(logger, Flood, LogLevel.Critical, 19_000);
        Assert.Equal(5, written.Lines.Count);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("Critical Kestrel.Http2: 18995 more lines like these (Flood) within 1 s were left out", written.Lines.Last());
        Assert.Equal(6, written.Lines.Count);
    }

    [Fact]
    public void A_flood_that_goes_on_has_a_few_lines_in_each_period_and_no_line_is_uncounted()
    {
        var logger = throttle.CreateLogger("c");

        for (var second = 0; second < 10; second++)
        {
            Log(logger, Flood, LogLevel.Warning, 100);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(60, written.Lines.Count);
        Assert.Equal(10, written.Lines.Count(line => line.Contains("95 more lines", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_kind_does_not_silence_another_nor_the_same_elsewhere()
    {
        var (one, two) = (throttle.CreateLogger("one"), throttle.CreateLogger("two"));

        Log(one, Flood, LogLevel.Error, 100);
        Log(one, Other, LogLevel.Error, 1);
        Log(two, Flood, LogLevel.Error, 1);

        Assert.Equal(7, written.Lines.Count);
    }

    [Fact]
    public void Lines_now_and_then_are_all_written()
    {
        var logger = throttle.CreateLogger("c");

        for (var i = 0; i < 50; i++)
        {
            Log(logger, Flood, LogLevel.Warning, 5);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(250, written.Lines.Count);
        Assert.DoesNotContain(written.Lines, line => line.Contains("more lines", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_below_a_warning_is_left_alone()
    {
        Log(throttle.CreateLogger("c"), Flood, LogLevel.Information, 100);

        Assert.Equal(100, written.Lines.Count);
    }

    [Theory]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel.Http2", "Http2QueueOperationsExceeded", "Warning")]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel.Connections", "Any", "Warning")]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", "ApplicationNeverCompleted", "Warning")]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", "ApplicationError", "Critical")]
    [InlineData("Microservices.Orders", "Any", "Critical")]
    public void What_a_client_does_to_its_own_connection_is_a_warning_and_what_we_do_is_not(string category, string kind, string level)
    {
        Log(throttle.CreateLogger(category), new EventId(7, kind), LogLevel.Critical, 6);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(6, written.Lines.Count);
        Assert.All(written.Lines, line => Assert.StartsWith(level, line, StringComparison.Ordinal));
    }

    [Fact]
    public void A_line_that_is_left_out_is_not_formatted()
    {
        var formatted = 0;
        var logger = throttle.CreateLogger("c");

        for (var i = 0; i < 100; i++)
            logger.Log(LogLevel.Error, Flood, i, null, (_, _) => $"{++formatted}");

        Assert.Equal(5, formatted);
    }

    [Fact]
    public void What_was_left_out_last_is_said_when_the_process_ends()
    {
        Log(throttle.CreateLogger("c"), Flood, LogLevel.Error, 7);

        throttle.Dispose();

        Assert.Contains("2 more lines", written.Lines.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Threads_that_log_at_once_lose_no_count()
    {
        var logger = throttle.CreateLogger("c");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Log(logger, Flood, LogLevel.Error, 1_000))));
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains(": 7995 more lines", written.Lines.Last(), StringComparison.Ordinal);
    }

    public void Dispose() => throttle.Dispose();

    private static void Log(ILogger logger, EventId kind, LogLevel level, int lines)
    {
        for (var i = 0; i < lines; i++)
            logger.Log(level, kind, i, null, (state, _) => $"line {state}");
    }

    private sealed class Written : ILoggerProvider
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Logger(categoryName, Lines);

        public void Dispose()
        {
        }
    }

    private sealed class Logger(string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)}");
    }
}
