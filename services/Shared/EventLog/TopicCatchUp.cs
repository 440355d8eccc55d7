using Microsoft.Extensions.Logging;

namespace Microservices.EventLog;

/// <summary>
/// Takes in what a topic's channel did not deliver: one read after the other, each from the place reached, until nothing is missing. One
/// caller at a time runs it, while any may ask for the history.
/// </summary>
/// <param name="topic">The topic.</param>
/// <param name="state">What it is taken into.</param>
/// <param name="read">Reads what is missing.</param>
/// <param name="logger">Hears when the topic goes on elsewhere.</param>
internal sealed partial class TopicCatchUp(string topic, TopicState state, ReadPage read, ILogger logger)
{
    private int historyWanted;

    /// <summary>Has the next read that begins ask the history as well, since the log may have lost writes. Thread-safe.</summary>
    public void IncludeHistory() => Volatile.Write(ref historyWanted, 1);

    /// <summary>Returns when the topic is live, with how many events were missing.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var missing = 0;
        for (var isLive = false; !isLive;)
        {
            // Taken in one step, and before the read: what is asked for from here on is for the next one.
            var beyondLog = Interlocked.Exchange(ref historyWanted, 0) == 1;
            var from = state.BeginRead();
            var page = await read(from, beyondLog, cancellationToken);
            (var added, isLive) = state.Absorb(page);
            missing += added;
            // The history has more pages.
            if (beyondLog && !isLive)
                IncludeHistory();
            if (page.Status != ReadStatus.Ok)
                LogRebased(topic, page.Status, from.Offset, page.LastOffset);
        }

        return missing;
    }

    [LoggerMessage(3, LogLevel.Warning, "Topic {Topic}: what follows offset {Offset} does not connect ({Status}); the log ends at {Last}, and readers are reset")]
    private partial void LogRebased(string topic, ReadStatus status, long offset, long last);
}
