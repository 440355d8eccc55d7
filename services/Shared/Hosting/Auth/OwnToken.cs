using Grpc.Core;
using Microservices.Primitives;
using Microservices.Streaming.V1;

namespace Microservices.Hosting.Auth;

/// <summary>The process's own token, with which it calls the other services in its own name. Thread-safe.</summary>
internal abstract class OwnToken : IStreamCredentials
{
    /// <summary>The token that is in force.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: there is none for now.</exception>
    public abstract ValueTask<string> TokenAsync(CancellationToken cancellationToken);
}

/// <summary>
/// The process's own token that is read from <see cref="AuthOptions.TokenFile"/>, which whoever started the process replaces before the token expires.
/// Thread-safe.
/// </summary>
internal sealed class FileToken(string? file, TimeProvider time) : OwnToken
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private Reading? last;

    /// <summary>The token, as it was within the last 5 s.</summary>
    /// <exception cref="InvalidSettingException">No file is set. A process that has backends does not start without.</exception>
    public override async ValueTask<string> TokenAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref last) is { } known && time.GetElapsedTime(known.At) < Period)
            return known.Token;
        var path = file ?? throw new InvalidSettingException("Auth:TokenFile", "must be the file with the process's own token, but is missing");
        var read = new Reading((await File.ReadAllTextAsync(path, cancellationToken)).Trim(), time.GetTimestamp());
        Volatile.Write(ref last, read);
        return read.Token;
    }

    private sealed record Reading(string Token, long At);
}
