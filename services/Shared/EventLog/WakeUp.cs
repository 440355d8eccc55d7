namespace Microservices.EventLog;

/// <summary>
/// Wakes the readers that wait for the same event, a few dozen in each work item of the thread pool, one after the other: to queue each by
/// itself costs more than most of them do. A reader that holds up its thread holds up those after it, so there are no more than that.
/// </summary>
internal sealed class WakeUp : IThreadPoolWorkItem
{
    private const int Most = 32;
    private readonly SingleWaiterAutoResetEvent[] waiting = new SingleWaiterAutoResetEvent[Most];
    private int count;

    /// <summary>Wakes each reader. Returns before they run.</summary>
    public static void All(List<TopicReader> readers)
    {
        if (readers is [var only])
        {
            only.Wake.Set();
            return;
        }

        WakeUp? some = null;
        foreach (var reader in readers)
        {
            if (!reader.Wake.Signal())
                continue;
            some ??= new();
            some.waiting[some.count++] = reader.Wake;
            if (some.count < Most)
                continue;
            ThreadPool.UnsafeQueueUserWorkItem(some, preferLocal: false);
            some = null;
        }

        if (some is not null)
            ThreadPool.UnsafeQueueUserWorkItem(some, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (var i = 0; i < count; i++)
            waiting[i].Resume(inThreadPool: false);
    }
}
