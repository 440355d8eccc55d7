using System.Net.Security;

namespace Microservices.Primitives;

/// <summary>HTTP/2 to a replica of another service of the suite: the connections of its clients.</summary>
public static class ReplicaHandler
{
    // 16 MiB. Errors of the suite are below 8 KB; but an answer above this limit breaks its connection, with every other call on it.
    private const int MaxResponseHeadersKilobytes = 16 * 1024;

    // With TLS. An older connection takes no new calls and streams, and ends with its last one: so certificates that were replaced go out of use, as streams age.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>A handler that keeps its connections, and opens another where one has as many streams as it may. The caller disposes of it.</summary>
    /// <param name="connectTimeout">How long connecting may take.</param>
    /// <param name="pingDelay">After how much silence a connection is pinged.</param>
    /// <param name="pingTimeout">How long the answer to a ping may take before the connection counts as dead.</param>
    /// <param name="tls">How TLS is spoken with https addresses; null for none of them.</param>
    public static SocketsHttpHandler Create(TimeSpan connectTimeout, TimeSpan pingDelay, TimeSpan pingTimeout, SslClientAuthenticationOptions? tls = null)
    {
        var handler = new SocketsHttpHandler
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
        if (tls is null)
            return handler;
        handler.SslOptions = tls;
        handler.PooledConnectionLifetime = ConnectionLifetime;
        return handler;
    }
}
