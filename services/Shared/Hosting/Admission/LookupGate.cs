using Grpc.Core;
using Microservices.Hosting.Errors;

namespace Microservices.Hosting.Admission;

/// <summary>How much a process reads at a time for its call stream of lookups. Streams that want more take turns. A singleton; thread-safe.</summary>
/// <param name="capacity">How much: what is counted, users or orders, is the service's.</param>
/// <param name="time">Measures how long they wait.</param>
public sealed class LookupGate(int capacity, TimeProvider time)
{
    private const int MaxWaiting = 1_000;
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);
    private readonly FairGate gate = new(capacity, MaxWaiting, time);

    /// <summary>Returns when so much may be read for a stream.</summary>
    /// <exception cref="StatusException">RESOURCE_EXHAUSTED with RetryInfo: too much waits, or for too long.</exception>
    public ValueTask EnterAsync(ServerCallContext stream, int cost, CancellationToken cancellationToken) =>
        gate.TryEnter(cost) ? default : WaitAsync(stream, cost, cancellationToken);

    /// <summary>It is read.</summary>
    public void Exit(int cost) => gate.Exit(cost);

    private async ValueTask WaitAsync(ServerCallContext stream, int cost, CancellationToken cancellationToken)
    {
        if (!await gate.EnterAsync(stream, cost, MaxWait, cancellationToken))
            throw new StatusException(Overload.Status);
    }
}
