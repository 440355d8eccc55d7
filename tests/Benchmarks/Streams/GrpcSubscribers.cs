using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>Plain calls of WatchOrders, each with all of its subscriptions; a connection carries 100 of them, the server's limit.</summary>
internal sealed class GrpcSubscribers : Subscribers
{
    private static readonly Marshaller<WatchOrdersRequest> Requests = Marshallers.Create(r => r.ToByteArray(), WatchOrdersRequest.Parser.ParseFrom);
    private readonly ConcurrentBag<IClientStreamWriter<WatchOrdersRequest>> streams = [];
    private readonly Dictionary<string, GrpcChannel> channels;
    private readonly CancellationTokenSource over = new();
    private readonly Task beating;

    public GrpcSubscribers(Subscribe wanted, Arrivals arrivals)
        : base(wanted, arrivals)
    {
        channels = wanted.Addresses.ToDictionary(a => a, a => GrpcChannel.ForAddress(a, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan },
        }));
        beating = BeatAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        foreach (var channel in channels.Values)
            channel.Dispose();
        await beating;
        over.Dispose();
    }

    protected override async Task OpenAsync(string address, (string Topic, Subscription Subscription)[] topics)
    {
        var subscriptions = Array.ConvertAll(topics, t => t.Subscription);
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var missing = topics.Length;
        var responses = new Marshaller<object>((_, _) => throw new NotSupportedException(), context =>
        {
            if (Scanner.Frame(context.PayloadAsReadOnlySequence(), subscriptions) && --missing == 0)
                open.SetResult();
            return this;
        });
        var method = new Method<WatchOrdersRequest, object>(MethodType.DuplexStreaming, "orders.v1.OrdersService", "WatchOrders", Requests, responses);
        var call = channels[address].CreateCallInvoker().AsyncDuplexStreamingCall(method, null, new CallOptions(LoadToken.Headers));
        for (var i = 0; i < topics.Length; i++)
            await call.RequestStream.WriteAsync(new WatchOrdersRequest { Subscribe = new() { SubscriptionId = (uint)i + 1, Key = topics[i].Topic } });
        var reading = ReadAsync(call.ResponseStream);
        await await Task.WhenAny(open.Task, reading);
        streams.Add(call.RequestStream);
    }

    private async Task ReadAsync(IAsyncStreamReader<object> responses)
    {
        try
        {
            while (await responses.MoveNext(over.Token))
            {
                // Looked at where it was read.
            }

            throw new InvalidOperationException("A stream has ended.");
        }
        catch (RpcException) when (over.IsCancellationRequested)
        {
            // The measurement is over.
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"A stream has broken: {e}");
            throw;
        }
    }

    /// <summary>Says of every stream that it is there, one after the other, spread over the interval.</summary>
    private async Task BeatAsync()
    {
        try
        {
            while (true)
            {
                var all = streams.ToArray();
                if (all.Length == 0)
                    await Task.Delay(KeepAlive, over.Token);
                foreach (var some in all.Chunk(Math.Max(1, all.Length / 100)))
                {
                    await Task.Delay(KeepAlive / 100, over.Token);
                    foreach (var stream in some)
                        await stream.WriteAsync(new WatchOrdersRequest { Heartbeat = new EventHeartbeat() }, over.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException or InvalidOperationException)
        {
            // The measurement is over, or the stream's reader says what is wrong.
        }
    }
}
