using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using Grpc.Net.Client;

namespace Microservices.Tests.Support;

/// <summary>
/// The tests' authority, whose tokens every process takes that a test starts; and clients with them. A test that is not about who may call what calls as
/// an operator.
/// </summary>
public static class Tokens
{
    private static readonly ConcurrentDictionary<string, string> Files = [];
    private static readonly TimeSpan Used = TimeSpan.FromMinutes(1);
    private static Made? operatorToken;
    private static Made? gatewayToken;

    /// <summary>The authority.</summary>
    public static TestAuthority Authority { get; } = new();

    /// <summary>The settings of a service's process, as they are in a configuration file: whose tokens it takes, and its own.</summary>
    /// <param name="service">Its name: "orders".</param>
    public static IReadOnlyDictionary<string, string> SettingsOf(string service) => new Dictionary<string, string>
    {
        ["Auth:Authority"] = TestAuthority.Issuer,
        ["Auth:KeysFile"] = Authority.KeysFile,
        ["Auth:TokenFile"] = Files.GetOrAdd(service, name =>
        {
            var file = Path.Combine(Path.GetTempPath(), $"token-{name}-{Guid.NewGuid():N}");
            File.WriteAllText(file, Authority.Workload(name));
            return file;
        }),
    };

    /// <summary>The token of somebody who may call a method about everybody's: an operator; the gateway, of what only services may.</summary>
    public static string For(string path) => path.EndsWith("/ListChangedUsers", StringComparison.Ordinal) ? GatewayToken : OperatorToken;

    /// <summary>An operator's token, for the clients of streams.</summary>
    public static ValueTask<string> OperatorAsync(CancellationToken cancellationToken) => new(OperatorToken);

    private static string OperatorToken => Fresh(ref operatorToken, () => Authority.Operator());

    private static string GatewayToken => Fresh(ref gatewayToken, () => Authority.Workload("gateway"));

    /// <summary>A channel whose calls an operator makes, or whoever the token is of.</summary>
    public static GrpcChannel Channel(string address, string? token = null) => Channel(address, path => new(token ?? For(path)));

    /// <summary>A channel whose calls have the tokens of another authority.</summary>
    public static GrpcChannel Channel(string address, Func<string, ValueTask<string>> tokenFor) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = Bearer(new SocketsHttpHandler { EnableMultipleHttp2Connections = true }, tokenFor),
        DisposeHttpClient = true,
    });

    /// <summary>Adds an operator's token to every request that has none, or the token of somebody else.</summary>
    public static HttpMessageHandler Bearer(HttpMessageHandler connections, string? token = null) => Bearer(connections, path => new(token ?? For(path)));

    /// <summary>Adds a token to every request that has none: by its path, the token of another authority.</summary>
    public static HttpMessageHandler Bearer(HttpMessageHandler connections, Func<string, ValueTask<string>> tokenFor) => new BearerHandler(connections, tokenFor);

    // The same one for a while, as a client would use it.
    private static string Fresh(ref Made? made, Func<string> make)
    {
        if (Volatile.Read(ref made) is { } known && Stopwatch.GetElapsedTime(known.At) < Used)
            return known.Token;
        var now = new Made(make(), Stopwatch.GetTimestamp());
        Volatile.Write(ref made, now);
        return now.Token;
    }

    private sealed record Made(string Token, long At);

    private sealed class BearerHandler(HttpMessageHandler connections, Func<string, ValueTask<string>> tokenFor) : DelegatingHandler(connections)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization ??= new AuthenticationHeaderValue("Bearer", await tokenFor(request.RequestUri!.AbsolutePath));
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
