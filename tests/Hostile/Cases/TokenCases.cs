using System.Text;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microservices.Tests.Support;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>Calls and requests by nobody: with an authorization header that lets nobody in. Each has to be refused, and as unauthenticated.</summary>
internal sealed class TokenCases(Corpus corpus, IReadOnlyList<(MethodDescriptor Method, ReplicaProcess At)> methods, int port) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    // Connections of its own: a header that HTTP cannot carry costs the connection, and with it what others send over it.
    private readonly GrpcSender sender = new();

    /// <summary>One of either.</summary>
    public HostileCase Next(Random random) => random.Next(2) == 0 ? Call(random) : Request(random);

    /// <inheritdoc/>
    public void Dispose() => sender.Dispose();

    private HostileCase Call(Random random)
    {
        var (method, at) = methods[random.Next(methods.Count)];
        var token = HostileTokens.Next(random);
        var body = GrpcSender.Frame(new Messages(corpus, random).Next(method.InputType));
        var headers = new Dictionary<string, string> { ["authorization"] = token.Value };
        return new($"token {token.Kind}, {method.Service.FullName}/{method.Name}", Show(token), cancellationToken =>
            sender.SendAsync(method, at.Address, body, Timeout, malformed: !token.IsHttp, headers, cancellationToken, token.IsHttp ? StatusCode.Unauthenticated : null));
    }

    private HostileCase Request(Random random)
    {
        var operation = corpus.Operations[random.Next(corpus.Operations.Count)];
        var path = operation.Path;
        foreach (var parameter in operation.Parameters.Where(parameter => parameter.In == "path"))
            path = path.Replace($"{{{parameter.Name}}}", Uri.EscapeDataString(parameter.Example), StringComparison.Ordinal);
        var token = HostileTokens.Next(random);
        var request = Encoding.Latin1.GetBytes($"{operation.Method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {token.Value}\r\n\r\n");
        return new($"token {token.Kind}, {operation.Method} {operation.Path}", Show(token), async cancellationToken =>
        {
            var (status, text) = await RawHttp.SendAsync(port, request, Timeout, cancellationToken);
            return status == 401 || (!token.IsHttp && status is 0 or 400 or 431) ? null : $"{status}, and not 401: {text[^Math.Min(text.Length, 300)..]}";
        });
    }

    private static string Show(HostileToken token) => token.Value.Length > 1_000 ? $"{token.Value[..1_000]}... ({token.Value.Length} characters)" : token.Value;
}
