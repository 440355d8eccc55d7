namespace Microservices.EventLog;

/// <summary>What comparing a topic with Redis says.</summary>
internal enum HeadCheck
{
    /// <summary>Redis has what this process has.</summary>
    Same,

    /// <summary>Redis has events that did not come.</summary>
    Missing,

    /// <summary>Redis has nothing of the topic any more: it was quiet for long, or others needed the memory, or Redis was emptied.</summary>
    Gone,

    /// <summary>Redis lacks events that came, or has others.</summary>
    LostWrites,
}

/// <summary>What a process knows of where a topic ends, when it asks Redis for that.</summary>
/// <param name="InLog">The place up to which Redis is known to have it.</param>
/// <param name="Text">The same as <see cref="LogScripts.ChangedHeads"/> compares it.</param>
/// <param name="ReadAhead">The furthest place beyond what came live to which a reader has read a log that has no history: one that ends before it has lost writes.</param>
internal readonly record struct KnownEnd(Position InLog, string Text, Position? ReadAhead);

/// <summary>
/// Up to where Redis is known to have a topic: less than this process has of it while only a history knows the newest events. Not
/// thread-safe: its topic's lock guards it.
/// </summary>
internal sealed class LogExtent
{
    private Position end = Position.Start;
    private string? text;
    private Position? confirmed;

    /// <summary>The place after the last event that Redis is known to have.</summary>
    public Position End
    {
        get => end;
        set => (end, text) = (value, null);
    }

    /// <summary>The same as <see cref="LogScripts.ChangedHeads"/> compares it. Kept, since most topics are quiet and every sweep asks.</summary>
    public string EndText => text ??= end.ToText();

    /// <summary>The topic was read up to its end when Redis's head was this one: as long as nothing comes, such a head lacks nothing.</summary>
    public void Confirm(Position head) => confirmed = head;

    /// <summary>Something came: an earlier head says nothing any more.</summary>
    public void Unconfirm() => confirmed = null;

    /// <summary>An event was published that this process has already, from a history: Redis has the topic up to there.</summary>
    public void Published(LogEvent e, Position newest)
    {
        if (end.IsOf(e.Epoch) && e.Offset > end.Offset && e.Offset <= newest.Offset)
            End = e.Position;
    }

    /// <summary>Compares Redis's head, which was asked for when Redis was known to have the topic up to <paramref name="asked"/>, with what the process has.</summary>
    public HeadCheck Compare(Position head, Position asked, Position newest)
    {
        // A history has confirmed already what such a log lacks.
        if (head == confirmed)
            return HeadCheck.Same;
        if (head.Offset == 0)
            return asked.Offset == 0 ? HeadCheck.Same : HeadCheck.Gone;
        if (!asked.IsOf(head.Epoch))
            return asked.Offset == 0 || newest.Epoch == head.Epoch ? HeadCheck.Same : HeadCheck.LostWrites;
        if (head.Offset > newest.Offset)
            return HeadCheck.Missing;
        return head.Offset < asked.Offset || (head.Offset == asked.Offset && !Position.Agree(head.Link, asked.Link))
            ? HeadCheck.LostWrites
            : HeadCheck.Same;
    }
}
