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
/// Compares calls apart from id and timeout, which the stream fills in. The call that was not sent yet is made to look like the other
/// for the comparison; it belongs to whoever compares, under the table's lock.
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

        var (probe, stored) = x.Message.CallId == 0 ? (x.Message, y.Message) : (y.Message, x.Message);
        probe.CallId = stored.CallId;
        probe.TimeoutMs = stored.TimeoutMs;
        var equal = probe.Equals(stored);
        probe.CallId = 0;
        probe.TimeoutMs = 0;
        return equal;
    }
}
