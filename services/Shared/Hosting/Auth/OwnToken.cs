using Grpc.Core;
using Microservices.Primitives;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Auth;

/// <summary>
/// The process's own token, with which it calls the other services in its own name: read from <see cref="AuthOptions.TokenFile"/>, which whoever
/// started the process replaces before the token expires. Thread-safe.
/// </summary>
internal sealed class OwnToken(IOptions<AuthOptions> options, TimeProvider time) : IStreamCredentials
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private Reading? last;

    public async ValueTask<Metadata> HeadersAsync(CancellationToken cancellationToken) =>
        new() { { "authorization", $"Bearer {await TokenAsync(cancellationToken)}" } };

    /// <summary>The token, as it was within the last 5 s.</summary>
    /// <exception cref="InvalidSettingException">There is no such file.</exception>
    public async ValueTask<string> TokenAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref last) is { } known && time.GetElapsedTime(known.At) < Period)
            return known.Token;
        var file = options.Value.TokenFile ?? throw new InvalidSettingException("Auth:TokenFile", "must be the file with the process's own token, but is missing");
        var read = new Reading((await File.ReadAllTextAsync(file, cancellationToken)).Trim(), time.GetTimestamp());
        Volatile.Write(ref last, read);
        return read.Token;
    }

    private sealed record Reading(string Token, long At);
}
