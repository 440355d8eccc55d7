using Microservices.Hosting.Tls;

namespace Microservices.Hosting.Auth;

/// <summary>Asks the authority for keys and tokens. Thread-safe.</summary>
internal sealed class AuthorityClient(TlsClient tls) : IDisposable
{
    private const int MaxAnswerBytes = 256 * 1024;

    // Within the cluster, most often; a proxy of the environment is for the world outside. What is asked is in no trace.
    public HttpClient Http { get; } = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ActivityHeadersPropagator = null,
        SslOptions = tls.OptionsForAuthority(),
    })
    {
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = MaxAnswerBytes,
    };

    public void Dispose() => Http.Dispose();
}
