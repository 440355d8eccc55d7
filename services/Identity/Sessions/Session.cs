using System.Security.Cryptography;
using Microsoft.AspNetCore.WebUtilities;

namespace Microservices.Identity;

/// <summary>A login at one device: a browser, or a command line that somebody has let in. It ends for all its tokens at once.</summary>
internal sealed class Session
{
    /// <summary>How much is kept of what a browser calls itself, in characters.</summary>
    public const int MaxUserAgent = 200;

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

    /// <summary>When it ends by itself.</summary>
    public DateTimeOffset ExpireTime { get; init; }

    /// <summary>When it was ended, if it was.</summary>
    public DateTimeOffset? EndTime { get; set; }

    /// <summary>A new id.</summary>
    public static string NewId() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(16));
}
