namespace Microservices.Persistence;

/// <summary>How a round of the relay went.</summary>
internal enum OutboxRound
{
    /// <summary>There was nothing to relay.</summary>
    Idle,

    /// <summary>There may be more to do.</summary>
    More,

    /// <summary>Another replica has the lease.</summary>
    Standby,

    /// <summary>The log did not answer for some topics; those of the others got on.</summary>
    Partial,

    /// <summary>The log did not answer.</summary>
    Unanswered,
}
