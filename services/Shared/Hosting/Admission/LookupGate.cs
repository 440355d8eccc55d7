using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Primitives;

namespace Microservices.Hosting.Admission;

/// <summary>How much a process reads at a time for its call stream of lookups. Callers that want more take turns, and the streams of each. A singleton; thread-safe.</summary>
/// <param name="capacity">How much: what is counted, users or orders, is the service's.</param>
/// <param name="time">Measures how long they wait.</param>
public sealed class LookupGate(int capacity, TimeProvider time)
{
    private const int MaxWaiting = 1_000;
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);
    private readonly FairGate gate = new(capacity, MaxWaiting, time);

    /// <summary>Returns when so much may be read for a stream. To be disposed of when it is read.</summary>
    /// <exception cref="StatusException">RESOURCE_EXHAUSTED with RetryInfo: too much waits, or for too long.</exception>
    public async ValueTask<LookupTurn> EnterAsync(ServerCallContext stream, int cost, CancellationToken cancellationToken) =>
        gate.TryEnter(cost) || await gate.EnterAsync(Caller.Of(stream.GetHttpContext()).Address, stream, cost, MaxWait, cancellationToken)
            ? new LookupTurn(gate, cost)
            : throw new StatusException(Overload.Status);
}

/// <summary>The turn of a stream at a <see cref="LookupGate"/>. To be disposed of once.</summary>
public readonly struct LookupTurn : IDisposable
{
    private readonly FairGate gate;
    private readonly int cost;

    internal LookupTurn(FairGate gate, int cost) => (this.gate, this.cost) = (gate, cost);

    /// <inheritdoc/>
    public void Dispose() => gate.Exit(cost);
}
