using System.Runtime.CompilerServices;
using Microservices.Streaming.Events;

namespace Microservices.Tests.Unit.Streaming;

public sealed class SequenceReaderTests
{
    [Fact]
    public async Task It_hands_out_each_item_once_and_ends_with_the_sequence()
    {
        await using var reader = new SequenceReader(_ => Items("1", "2"));
        var read = new List<string>();
        do
        {
            while (reader.TryRead() is { } item)
                read.Add(item.Cursor);
        }
        while (await reader.WaitToReadAsync());

        Assert.Equal(["1", "2"], read);
        Assert.Null(reader.TryRead());
    }

    [Fact]
    public async Task Cancelling_it_ends_a_wait_and_also_one_that_begins_later()
    {
        await using var reader = new SequenceReader(Never);
        var waiting = reader.WaitToReadAsync();
        Assert.False(waiting.IsCompleted);

        reader.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);

        await using var cancelled = new SequenceReader(Never);
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cancelled.WaitToReadAsync());
    }

    [Fact]
    public async Task It_may_be_cancelled_when_it_is_gone()
    {
        var given = CancellationToken.None;
        var reader = new SequenceReader(token => Never(given = token));
        await reader.DisposeAsync();

        Assert.Null(Record.Exception(reader.Cancel));
        Assert.True(given.CanBeCanceled);
        Assert.False(given.IsCancellationRequested);
        Assert.Null(reader.TryRead());

        var cancelled = new SequenceReader(Never);
        cancelled.Cancel();
        await cancelled.DisposeAsync();
        Assert.Null(Record.Exception(cancelled.Cancel));
    }

    private static async IAsyncEnumerable<EventSourceItem> Items(params string[] cursors)
    {
        foreach (var cursor in cursors)
        {
            await Task.Yield();
            yield return new EventsSubscribed(true, cursor);
        }
    }

    private static async IAsyncEnumerable<EventSourceItem> Never([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        yield break;
    }
}
