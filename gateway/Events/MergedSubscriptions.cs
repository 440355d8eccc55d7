using Grpc.Core;
using Microservices.Streaming.Events;

namespace Microservices.Gateway.Events;

/// <summary>
/// Several subscriptions as one, in turns. Each source is asked for its next item only once the one before has been dealt with, so one
/// item of each is held at most, and a reader that does not read stops the services behind. Not thread-safe.
/// </summary>
internal sealed class MergedSubscriptions<TEvent> : IAsyncDisposable
{
    private static readonly Task<bool> Held = new TaskCompletionSource<bool>().Task;
    private readonly CancellationTokenSource over;
    private readonly IAsyncEnumerator<ReceivedItem<TEvent>>[] sources;
    private readonly Task<bool>[] asked;
    private readonly bool[] begun;
    private readonly bool together;
    private Task? taking;
    private int? last;

    /// <summary>Begins all of them.</summary>
    /// <param name="subscriptions">Makes each, with the token that ends it.</param>
    /// <param name="together">None goes on beyond its first item before all have had theirs.</param>
    /// <param name="cancellationToken">Ends all of them.</param>
    public MergedSubscriptions(
        IEnumerable<Func<CancellationToken, IAsyncEnumerable<ReceivedItem<TEvent>>>> subscriptions, bool together, CancellationToken cancellationToken)
    {
        this.together = together;
        over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        sources = [.. subscriptions.Select(subscribe => subscribe(over.Token).GetAsyncEnumerator(over.Token))];
        begun = new bool[sources.Length];
        asked = [.. sources.Select(source => source.MoveNextAsync().AsTask())];
    }

    /// <summary>The next item, and which of the sources it is from; null when a source has come to its end. Asking for it says that the one before is dealt with.</summary>
    /// <exception cref="RpcException">A source refuses for good.</exception>
    /// <exception cref="OperationCanceledException">It is over.</exception>
    public Task<(int Source, ReceivedItem<TEvent> Item)?> NextAsync()
    {
        var next = TakeAsync();
        taking = next;
        return next;
    }

    /// <summary>Ends all of them, in good order towards the services.</summary>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        if (taking is not null)
            await taking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        for (var i = 0; i < sources.Length; i++)
        {
            if (asked[i] != Held)
                await ((Task)asked[i]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await sources[i].DisposeAsync();
        }

        over.Dispose();
    }

    private async Task<(int Source, ReceivedItem<TEvent> Item)?> TakeAsync()
    {
        AskFurther();
        await Task.WhenAny(asked);
        // The search begins after the source that came last.
        var source = Enumerable.Range((last ?? 0) + 1, sources.Length).Select(i => i % sources.Length).First(i => asked[i].IsCompleted);
        if (!await asked[source])
            return null;
        begun[source] = true;
        last = source;
        return (source, sources[source].Current);
    }

    private void AskFurther()
    {
        if (last is { } dealtWith)
            asked[dealtWith] = Held;
        if (together && !begun.All(one => one))
            return;
        for (var i = 0; i < sources.Length; i++)
        {
            if (asked[i] == Held)
                asked[i] = sources[i].MoveNextAsync().AsTask();
        }
    }
}
