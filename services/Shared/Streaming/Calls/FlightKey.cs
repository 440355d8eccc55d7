using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>What makes two calls identical: the same message, made for the same principal.</summary>
/// <param name="Message">The message. Its hash is taken without the fields that the stream fills in.</param>
/// <param name="Token">The token of whom the call is made for; null for the process itself.</param>
/// <param name="Hash">Of both.</param>
internal readonly record struct FlightKey<TCall>(TCall Message, string? Token, int Hash)
    where TCall : class, ICall, IMessage<TCall>
{
    /// <summary>The key of a call that has not been given an id yet.</summary>
    internal static FlightKey<TCall> Of(TCall message, string? token)
    {
        var trace = message.TraceContext;
        message.TraceContext = ByteString.Empty;
        var hash = HashCode.Combine(message.GetHashCode(), token is null ? 0 : TokenComparer.Instance.GetHashCode(token));
        message.TraceContext = trace;
        return new(message, token, hash);
    }
}

/// <summary>
/// Compares calls without what the stream fills in. Neither message is changed: a writer outside of the lock may be
/// serialising one that was sent.
/// </summary>
internal sealed class FlightKeyComparer<TCall> : IEqualityComparer<FlightKey<TCall>>
    where TCall : class, ICall, IMessage<TCall>
{
    public int GetHashCode(FlightKey<TCall> key) => key.Hash;

    public bool Equals(FlightKey<TCall> x, FlightKey<TCall> y)
    {
        if (x.Hash != y.Hash || !TokenComparer.Instance.Equals(x.Token, y.Token))
            return false;
        if (ReferenceEquals(x.Message, y.Message))
            return true;

        // The hashes are equal, so the messages are the same almost certainly: the clone saves a call.
        var copy = x.Message.Clone();
        copy.CallId = y.Message.CallId;
        copy.TimeoutMs = y.Message.TimeoutMs;
        copy.PrincipalId = y.Message.PrincipalId;
        copy.TraceContext = y.Message.TraceContext;
        return copy.Equals(y.Message);
    }
}
