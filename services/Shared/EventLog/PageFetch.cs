namespace Microservices.EventLog;

/// <summary>A read of a page for one reader, who is woken at its end. Apart from the reader, since most readers never need one.</summary>
internal sealed class PageFetch
{
    private readonly TaskCompletionSource over = new();
    private readonly Task running;
    private volatile FetchedPage? page;

    public PageFetch(FollowedTopic topic, Position after, SingleWaiterAutoResetEvent wake) => running = RunAsync(topic, after, wake);

    /// <summary>What was read; null until then.</summary>
    public FetchedPage? Page => page;

    /// <summary>Returns when it has ended, without a page if it had none yet. The read goes on for others that asked for it.</summary>
    public Task CancelAsync()
    {
        over.TrySetResult();
        return running;
    }

    private async Task RunAsync(FollowedTopic topic, Position after, SingleWaiterAutoResetEvent wake)
    {
        try
        {
            var read = topic.FetchAsync(after);
            if (await Task.WhenAny(read, over.Task) == read)
                page = await read;
        }
        catch (OperationCanceledException)
        {
            // The topic was closed; the subscriber sees that by itself.
        }
        finally
        {
            wake.Set();
        }
    }
}
