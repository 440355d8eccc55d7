using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>Reads observable gauges of one process among several in this one.</summary>
internal sealed class Gauges : IDisposable
{
    private readonly ConcurrentDictionary<(IMeterFactory? Factory, string Name), double> values = [];
    private readonly MeterListener listener = new();

    public Gauges()
    {
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.IsObservable && instrument.Meter.Name.StartsWith("Microservices.", StringComparison.Ordinal))
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => values[(instrument.Meter.Scope as IMeterFactory, instrument.Name)] = value);
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => values[(instrument.Meter.Scope as IMeterFactory, instrument.Name)] = value);
        listener.Start();
    }

    public double? Read(IMeterFactory factory, string name)
    {
        values.Clear();
        listener.RecordObservableInstruments();
        return values.TryGetValue((factory, name), out var value) ? value : null;
    }

    public void Dispose() => listener.Dispose();
}

/// <summary>Keeps what is logged as a warning or worse.</summary>
internal sealed class WarningLines : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue(exception is null ? formatter(state, exception) : $"{formatter(state, exception)}\n{exception}");

    public void Dispose()
    {
    }
}
