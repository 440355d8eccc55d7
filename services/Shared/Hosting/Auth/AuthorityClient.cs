namespace Microservices.Hosting.Auth;

/// <summary>Asks the authority for keys and tokens. Thread-safe.</summary>
internal static class AuthorityClient
{
    private const int MaxAnswerBytes = 256 * 1024;

    // Within the cluster, most often; a proxy of the environment is for the world outside. What is asked is in no trace.
    public static HttpClient Http { get; } = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ActivityHeadersPropagator = null,
    })
    {
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = MaxAnswerBytes,
    };
}
