using System.Globalization;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>What a fake service tells: a log in memory, the same for all users. A cursor is a number of events.</summary>
internal sealed class FakeTopic<TRequest> : IEventSource<TRequest>
    where TRequest : class, IEventRequestFrame
{
    private readonly Lock change = new();
    private readonly List<ReadOnlyMemory<byte>> events = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int lost;
    private int open;

    /// <summary>How many events are in a batch at the most.</summary>
    public int PageEvents { get; set; } = 10;

    /// <summary>Runs before a stream is accepted.</summary>
    public Func<ServerCallContext, Task> OnOpen { get; set; } = _ => Task.CompletedTask;

    /// <summary>Subscriptions that stand.</summary>
    public int Open => Volatile.Read(ref open);

    /// <summary>Tells of these; they are one batch if they fit.</summary>
    public void Append(params IEnumerable<IMessage> told) => Change(() => events.AddRange(told.Select(e => (ReadOnlyMemory<byte>)e.ToByteArray())));

    /// <summary>All subscribers are told that the history is another.</summary>
    public void Fork() => Change(() => lost++);

    /// <summary>The gRPC method.</summary>
    public static async Task ServeAsync(IAsyncStreamReader<TRequest> requests, ServerCallContext context)
    {
        var services = context.GetHttpContext().RequestServices;
        await services.GetRequiredService<FakeTopic<TRequest>>().OnOpen(context);
        await services.GetRequiredService<EventStreamServer<TRequest>>().ServeAsync(requests, context);
    }

    public async IAsyncEnumerable<EventSourceItem> SubscribeAsync(TRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (subscription, place) = (request.Subscribe!, 0);
        if (subscription.Cursor.Length > 0 && !int.TryParse(subscription.Cursor, NumberStyles.None, CultureInfo.InvariantCulture, out place))
            throw new RpcException(new Status(StatusCode.InvalidArgument, GatewayFixture.Secret));
        int seen;
        lock (change)
        {
            seen = lost;
            if (subscription.Cursor.Length == 0)
                place = events.Count;
        }

        Interlocked.Increment(ref open);
        try
        {
            yield return new EventsSubscribed(true, $"{place}");
            while (true)
            {
                ReadOnlyMemory<byte>[] page;
                Task more;
                var forked = false;
                lock (change)
                {
                    more = changed.Task;
                    forked = seen != lost;
                    seen = lost;
                    page = forked ? [] : [.. events.Skip(place).Take(PageEvents)];
                    place = forked ? events.Count : place + page.Length;
                }

                if (forked)
                    yield return new EventsReset(EventResetReason.Forked, $"{place}");
                else if (page.Length > 0)
                    yield return new EncodedEvents(page, $"{place}");
                else
                    await more.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            Interlocked.Decrement(ref open);
        }
    }

    private void Change(Action make)
    {
        TaskCompletionSource before;
        lock (change)
        {
            make();
            (before, changed) = (changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        before.SetResult();
    }
}
