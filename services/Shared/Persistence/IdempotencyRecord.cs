using System.Security.Cryptography;
using Google.Protobuf;

namespace Microservices.Persistence;

/// <summary>
/// The answer to a command that was carried out under an idempotency key, committed in the command's own transaction: the same key
/// and request get the same answer again, whatever was killed in between.
/// </summary>
public sealed class IdempotencyRecord
{
    /// <summary>The command, by a name that is kept whatever the code calls it: a key means something within one command only.</summary>
    public required string Command { get; init; }

    /// <summary>Who carried it out: a key means something to its caller only, and nobody gets another's answer.</summary>
    public required string Caller { get; init; }

    /// <summary>The caller's key.</summary>
    public required string Key { get; init; }

    /// <summary>SHA-256 of the request without its key.</summary>
    public required byte[] RequestHash { get; init; }

    /// <summary>The serialized answer.</summary>
    public required byte[] Response { get; init; }

    /// <summary>When the command was carried out; the record is forgotten a while after.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Whether it is older than keys are remembered: then it is as good as forgotten, whether or not it was deleted yet.</summary>
    public bool IsForgotten(DateTimeOffset now, TimeSpan retention) => CreatedAt <= now - retention;

    /// <summary>What identifies a request: <paramref name="request"/> must not carry its key.</summary>
    public static byte[] HashOf(IMessage request) => SHA256.HashData(request.ToByteArray());

    /// <summary>Whether this is the answer to the request with this hash; if not, the key was used for another one.</summary>
    public bool Answers(byte[] requestHash) => RequestHash.AsSpan().SequenceEqual(requestHash);
}
