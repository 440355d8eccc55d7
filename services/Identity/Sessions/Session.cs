using System.Security.Cryptography;
using Google.Protobuf.WellKnownTypes;

namespace Microservices.Identity;

/// <summary>A login at one device: a browser, or a command line that somebody has let in. It ends for all its tokens at once.</summary>
internal sealed class Session
{
    /// <summary>How much is kept of what a browser calls itself, in characters.</summary>
    public const int MaxUserAgent = 200;

    /// <summary>How long a <see cref="Key"/> is: SHA-256 in base64url.</summary>
    public const int KeyLength = 43;

    /// <summary>128 random bits, and the <c>sid</c> of tokens.</summary>
    public required string SessionId { get; init; }

    /// <summary>Whose.</summary>
    public required string UserId { get; init; }

    /// <summary>The client that was let in; null for a browser at Identity's own pages.</summary>
    public string? ClientId { get; init; }

    /// <summary>Where from.</summary>
    public required string Address { get; init; }

    /// <summary>What the browser called itself.</summary>
    public required string UserAgent { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset CreateTime { get; init; }

    /// <summary>When it ends by itself. One that has a <see cref="Key"/> ends later each time that it is used.</summary>
    public DateTimeOffset ExpireTime { get; set; }

    /// <summary>What the gateway finds the session of a browser by: a hash of its cookie there. Null when it has none.</summary>
    public string? Key { get; set; }

    /// <summary>When it was ended, if it was.</summary>
    public DateTimeOffset? EndTime { get; set; }

    /// <summary>As others see it.</summary>
    public V1.Session ToMessage() => new()
    {
        SessionId = SessionId,
        ClientId = ClientId ?? "",
        Address = Address,
        UserAgent = UserAgent,
        CreateTime = CreateTime.ToTimestamp(),
        ExpireTime = ExpireTime.ToTimestamp(),
    };

    /// <summary>A new id, as requests may name it: in hexadecimal, since one in base64url may begin with a hyphen.</summary>
    public static string NewId() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
