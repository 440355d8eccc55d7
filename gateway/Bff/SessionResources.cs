using System.ComponentModel.DataAnnotations;

namespace Microservices.Gateway.Bff;

/// <summary>Who has logged in.</summary>
public sealed record SessionUser
{
    /// <summary>The user's id.</summary>
    [Required]
    public required string UserId { get; init; }

    /// <summary>The user's roles: `user`, and of an operator `operator`.</summary>
    [Required]
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>The session that the request has come with.</summary>
    public string? SessionId { get; init; }
}

/// <summary>A login at one device: a browser, or a command line that somebody has let in.</summary>
public sealed record Session
{
    /// <summary>The session's id. It lets nobody in.</summary>
    [Required]
    public required string SessionId { get; init; }

    /// <summary>Whether it is the one that the request has come with.</summary>
    [Required]
    public required bool IsCurrent { get; init; }

    /// <summary>The client that was let in; absent for a browser.</summary>
    public string? ClientId { get; init; }

    /// <summary>The address that it has begun from; of IPv6 the first half.</summary>
    [Required]
    public required string Address { get; init; }

    /// <summary>What the browser calls itself.</summary>
    [Required]
    public required string UserAgent { get; init; }

    /// <summary>When it began.</summary>
    [Required]
    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>When it ends unless it is used.</summary>
    [Required]
    public required DateTimeOffset ExpireTime { get; init; }
}

/// <summary>The sessions of a user, the newest first.</summary>
public sealed record SessionList
{
    /// <summary>Those that have not ended.</summary>
    [Required]
    public required IReadOnlyList<Session> Sessions { get; init; }
}
