using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using Grpc.Net.Client;

namespace Microservices.Tests.Support;

/// <summary>
/// The tests' authority, whose tokens every process takes that a test starts; and clients with them. A test that is not about who may call what calls as
/// an operator, for minutes. The tokens of services, of users, and of clients that show newer ones are valid for seconds: in a test that runs for longer they expire
/// meanwhile. Thread-safe.
/// </summary>
public static class Tokens
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    // A service reads its file every 5 s, and a stream shows what it has every 5 s: the oldest in use is of 15 s ago.
    private static readonly TimeSpan Used = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan UsedLong = TimeSpan.FromMinutes(1);

    private static readonly ConcurrentDictionary<string, Made> Callers = [];
    private static readonly ConcurrentDictionary<string, RenewedFile> Files = [];

    /// <summary>The authority.</summary>
    public static TestAuthority Authority { get; } = new();

    /// <summary>The settings of a service's process, as they are in a configuration file: whose tokens it takes, and its own.</summary>
    /// <param name="service">Its name: "orders".</param>
    public static IReadOnlyDictionary<string, string> SettingsOf(string service) => new Dictionary<string, string>
    {
        ["Auth:Authority"] = TestAuthority.Issuer,
        ["Auth:KeysFile"] = Authority.KeysFile,
        ["Auth:TokenFile"] = Files.GetOrAdd(service, name => new RenewedFile($"token-{name}", () => Authority.Workload(name, Lifetime), Used)).Path,
    };

    /// <summary>The token of somebody who may call a method about everybody's: an operator; the gateway, of what only services may.</summary>
    public static string For(string path) => path.EndsWith("/ListChangedUsers", StringComparison.Ordinal) || path.EndsWith("/Receive", StringComparison.Ordinal) ? Gateway : Operator;

    /// <summary>The token of a user who is nothing else.</summary>
    public static string Of(string userId) => Fresh($"users/{userId}", Used, () => Authority.Person(userId, lifetime: Lifetime));

    /// <summary>An operator's token, for the clients of streams.</summary>
    public static ValueTask<string> OperatorAsync(CancellationToken cancellationToken) => new(Fresh("operator of streams", Used, () => Authority.Operator(lifetime: Lifetime)));

    private static string Operator => Fresh("operator", UsedLong, () => Authority.Operator());

    private static string Gateway => Fresh("gateway", UsedLong, () => Authority.Workload("gateway"));

    /// <summary>A channel whose calls an operator makes, or whoever the token is of.</summary>
    public static GrpcChannel Channel(string address, string? token = null) => Channel(address, path => new(token ?? For(path)));

    /// <summary>A channel whose calls have the tokens of another authority.</summary>
    public static GrpcChannel Channel(string address, Func<string, ValueTask<string>> tokenFor) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = Bearer(new SocketsHttpHandler { EnableMultipleHttp2Connections = true }, tokenFor),
        DisposeHttpClient = true,
    });

    /// <summary>A client of the gateway's REST port, whose requests an operator makes unless they have a token.</summary>
    public static HttpClient Rest(int port) =>
        new(Bearer(new SocketsHttpHandler())) { BaseAddress = new Uri(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) };

    /// <summary>Adds an operator's token to every request that has none, or the token of somebody else.</summary>
    public static HttpMessageHandler Bearer(HttpMessageHandler connections, string? token = null) => Bearer(connections, path => new(token ?? For(path)));

    /// <summary>Adds a token to every request that has none: by its path, the token of another authority.</summary>
    public static HttpMessageHandler Bearer(HttpMessageHandler connections, Func<string, ValueTask<string>> tokenFor) => new BearerHandler(connections, tokenFor);

    // The same one for a while, as a client would use it.
    private static string Fresh(string of, TimeSpan used, Func<string> make)
    {
        if (Callers.TryGetValue(of, out var known) && Stopwatch.GetElapsedTime(known.At) < used)
            return known.Token;
        var now = new Made(make(), Stopwatch.GetTimestamp());
        Callers[of] = now;
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
