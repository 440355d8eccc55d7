namespace Microservices.Tests.EndToEnd.Chaos;

/// <summary>What became of an effect, by whoever it was for.</summary>
public enum EffectOutcome
{
    /// <summary>Nothing so far.</summary>
    UnderWay,

    /// <summary>It was taken, and its sender told so, if it was there to hear it.</summary>
    Taken,

    /// <summary>It was refused: its sender is to try again.</summary>
    Refused,

    /// <summary>Its sender went away before it was taken.</summary>
    Broken,
}

/// <summary>One effect as it arrived, such as a message at a receiver. Times are turns of the ledger: of two, the lower one came first.</summary>
/// <param name="Target">Where it arrived.</param>
/// <param name="Key">What it is about.</param>
/// <param name="Version">Which of those about it it is, from 1.</param>
/// <param name="Id">By what its sender knows it.</param>
/// <param name="Watermark">Up to where, by the words of the sender, everything was taken before.</param>
/// <param name="Arrived">When it arrived.</param>
public sealed record Effect(string Target, string Key, long Version, string Id, string Watermark, long Arrived)
{
    /// <summary>What became of it.</summary>
    public EffectOutcome Outcome { get; internal set; }

    /// <summary>When that was.</summary>
    public long Ended { get; internal set; }

    /// <inheritdoc/>
    public override string ToString() => $"{Target} {Key} v{Version}: arrived {Arrived}, {Outcome} {Ended}";
}
