namespace Microservices.Identity;

/// <summary>Says which access tokens are not to be taken any more: those of a session, or a user's that were issued before a time. It is kept until they have expired.</summary>
internal sealed class Revocation
{
    /// <summary>The <see cref="SessionId"/> of what is about all of a user's tokens.</summary>
    public const string AllSessions = "";

    /// <summary>Whose.</summary>
    public required string UserId { get; init; }

    /// <summary>The session whose tokens they are.</summary>
    public required string SessionId { get; init; }

    /// <summary>The place in the order of commits: the number of the audit log's record of the change. Another one when it is moved to a later time.</summary>
    public long Sequence { get; set; }

    /// <summary>The time before which the tokens were issued; in whole seconds, as tokens have it.</summary>
    public DateTimeOffset NotBefore { get; set; }

    /// <summary>When the last of these tokens has expired everywhere.</summary>
    public DateTimeOffset ExpireTime { get; set; }
}
