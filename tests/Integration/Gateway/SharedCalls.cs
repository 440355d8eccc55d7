using System.Diagnostics.Metrics;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Counts the calls of a gateway that joined an identical one under way.</summary>
internal sealed class SharedCalls : IDisposable
{
    private readonly MeterListener listener = new();
    private long count;

    public SharedCalls(GatewayFixture gateway)
    {
        var meters = gateway.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters) && instrument.Name == "callstream.client.shared")
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref count, value));
        listener.Start();
    }

    /// <summary>Returns when so many have joined.</summary>
    public Task UntilAsync(int calls) => Eventually.UntilAsync(() => Interlocked.Read(ref count) >= calls, $"{calls} calls have joined others");

    public void Dispose() => listener.Dispose();
}
