using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>What makes two calls the same call: the same question asked by the same principal.</summary>
/// <param name="Message">The question. Its hash is taken while the two fields that the stream fills in are zero.</param>
/// <param name="Principal">Who asks; null for nobody in particular.</param>
/// <param name="Hash">Of both.</param>
internal readonly record struct FlightKey<TCall>(TCall Message, string? Principal, int Hash)
    where TCall : class, ICall, IMessage<TCall>
{
    /// <summary>The key of a call that has not been given an id yet.</summary>
    internal static FlightKey<TCall> Of(TCall message, string? principal) =>
        new(message, principal, HashCode.Combine(message.GetHashCode(), principal));
}

/// <summary>
/// Compares calls apart from id and timeout, which the stream fills in. Both messages stay as they are: one that was sent may be being
/// written at this moment, outside the table's lock.
/// </summary>
internal sealed class FlightKeyComparer<TCall> : IEqualityComparer<FlightKey<TCall>>
    where TCall : class, ICall, IMessage<TCall>
{
    public int GetHashCode(FlightKey<TCall> key) => key.Hash;

    public bool Equals(FlightKey<TCall> x, FlightKey<TCall> y)
    {
        if (x.Hash != y.Hash || !string.Equals(x.Principal, y.Principal, StringComparison.Ordinal))
            return false;
        if (ReferenceEquals(x.Message, y.Message))
            return true;

        // The same question, almost certainly: a copy is made only for a call that will be spared, or for equal hashes.
        var copy = x.Message.Clone();
        copy.CallId = y.Message.CallId;
        copy.TimeoutMs = y.Message.TimeoutMs;
        return copy.Equals(y.Message);
    }
}
