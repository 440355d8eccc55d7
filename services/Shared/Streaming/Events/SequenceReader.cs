namespace Microservices.Streaming.Events;

/// <summary>Reads a sequence of items; its end is the reader's end.</summary>
public sealed class SequenceReader : IEventReader
{
    private readonly CancellationTokenSource _over = new();
    private readonly IAsyncEnumerator<EventSourceItem> _items;
    private bool _hasItem;
    private int _ended;

    /// <summary>Reads the sequence that is made here. Its token is cancelled with the reader.</summary>
    public SequenceReader(Func<CancellationToken, IAsyncEnumerable<EventSourceItem>> sequence)
    {
        _items = sequence(_over.Token).GetAsyncEnumerator(_over.Token);
    }

    /// <inheritdoc/>
    public EventSourceItem? TryRead()
    {
        if (!_hasItem)
            return null;
        _hasItem = false;
        return _items.Current;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> WaitToReadAsync() => _hasItem = await _items.MoveNextAsync();

    /// <inheritdoc/>
    public void Cancel()
    {
        // In the thread pool, so that the source's callbacks do not run on the caller's thread.
        if (Interlocked.Exchange(ref _ended, 1) == 0)
            _ = _over.CancelAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _items.DisposeAsync();
        // A cancellation may still be under way: then it is left to the garbage collector.
        if (Interlocked.Exchange(ref _ended, 1) == 0)
            _over.Dispose();
    }
}
