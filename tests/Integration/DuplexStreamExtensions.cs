using Grpc.Core;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration;

/// <summary>What tests do with a stream as the wire has it.</summary>
internal static class DuplexStreamExtensions
{
    /// <summary>The next message; fails when the stream ends instead, or none comes within <see cref="Eventually.Timeout"/>.</summary>
    public static async Task<TResponse> NextAsync<TRequest, TResponse>(this AsyncDuplexStreamingCall<TRequest, TResponse> stream)
    {
        Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout));
        return stream.ResponseStream.Current;
    }
}
