namespace Microservices.Primitives;

/// <summary>HTTP/2 to a replica of another service of the suite: the connections of its clients.</summary>
public static class ReplicaHandler
{
    // 16 MiB. Errors of the suite are below 8 KB; but an answer above this limit breaks its connection, with every other call on it.
    private const int MaxResponseHeadersKilobytes = 16 * 1024;

    /// <summary>A handler that keeps its connections, and opens another where one has as many streams as it may. The caller disposes of it.</summary>
    /// <param name="connectTimeout">How long connecting may take.</param>
    /// <param name="pingDelay">After how much silence a connection is pinged.</param>
    /// <param name="pingTimeout">How long the answer to a ping may take before the connection counts as dead.</param>
    public static SocketsHttpHandler Create(TimeSpan connectTimeout, TimeSpan pingDelay, TimeSpan pingTimeout) => new()
    {
        // A proxy of the environment is for the world outside.
        UseProxy = false,
#pragma warning disable CA2262 // Kilobytes are meant.
        MaxResponseHeadersLength = MaxResponseHeadersKilobytes,
#pragma warning restore CA2262
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = connectTimeout,
        KeepAlivePingDelay = pingDelay,
        KeepAlivePingTimeout = pingTimeout,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
    };
}
