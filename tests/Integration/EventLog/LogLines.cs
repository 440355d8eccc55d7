using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>Keeps what a process logs.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> lines = [];

    /// <summary>What the suite's own code warns of.</summary>
    public IReadOnlyList<string> Warnings => [.. lines.Where(l => l.Level >= LogLevel.Warning && l.Text.StartsWith("Microservices.", StringComparison.Ordinal)).Select(l => l.Text)];

    public IReadOnlyList<string> All => [.. lines.Select(l => l.Text)];

    public ILogger CreateLogger(string categoryName) => new Logger(lines, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(ConcurrentQueue<(LogLevel, string)> lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue((logLevel, $"{category}: {formatter(state, exception)}"));
    }
}
