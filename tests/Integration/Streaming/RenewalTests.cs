using System.Collections.Concurrent;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Status = Google.Rpc.Status;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>The client of event streams where a stream lives as long as the tokens that are shown on it: here a token is the time at which it expires.</summary>
public sealed class RenewalTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_stream_that_shows_newer_tokens_outlives_them()
    {
        var (log, access) = (new EventsMemoryLog(), new Clocked());
        await using var host = await EventsHost.StartAsync(log, access);
        await using var client = Client(host, TimeSpan.FromMilliseconds(50));
        var ids = new ConcurrentQueue<int>();
        var reading = ReadAsync(client, ids, 1_000);
        var first = Token();
        var (renewed, events) = (0, 0);
        while (!HasExpired(first))
        {
            log.Append(10);
            events += 10;
            renewed = access.Renewed;
            await Eventually.UntilAsync(() => access.Renewed > renewed && ids.Count == events, "a newer token was shown, and all has come");
        }

        Assert.Empty(host.Ends);
        Assert.Equal(1, host.Open);
        log.Append(1_000 - events);
        await reading;
        Assert.Equal(Enumerable.Range(1, 1_000), ids);
    }

    [Fact]
    public async Task A_stream_whose_token_has_expired_goes_on_with_a_newer_one_where_it_was()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, new Clocked());
        // It says nothing between its beginning and its end.
        await using var client = Client(host, TimeSpan.FromSeconds(30));
        var ids = new ConcurrentQueue<int>();
        var reading = ReadAsync(client, ids, 200);
        log.Append(100);
        await Eventually.UntilAsync(() => !host.Ends.IsEmpty, "the first stream has ended");
        log.Append(100);

        await reading;

        Assert.Equal(StatusCode.Unauthenticated, host.Ends.First());
        Assert.Equal(Enumerable.Range(1, 200), ids);
    }

    [Fact]
    public async Task A_stream_where_nobodys_rights_are_checked_goes_on_whatever_is_shown()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log);
        var given = 0;
        await using var client = Client(host, TimeSpan.FromMilliseconds(50), _ => new($"{Interlocked.Increment(ref given)}"));
        var ids = new ConcurrentQueue<int>();
        var reading = ReadAsync(client, ids, 20);
        log.Append(10);
        await Eventually.UntilAsync(() => ids.Count == 10 && Volatile.Read(ref given) > 5, "several were shown");
        log.Append(10);

        await reading;

        Assert.DoesNotContain(host.Ends, end => end != StatusCode.OK);
        Assert.Equal(Enumerable.Range(1, 20), ids);
    }

    [Fact]
    public async Task While_there_is_no_token_the_client_tries_again()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, new Clocked());
        var asked = 0;
        await using var client = Client(host, TimeSpan.FromMilliseconds(50), _ => Interlocked.Increment(ref asked) switch
        {
            1 => throw new RpcException(new(StatusCode.Unavailable, "The authority is away.")),
            2 => new("0"),
            _ => new(Token()),
        });
        var ids = new ConcurrentQueue<int>();
        log.Append(10);

        await ReadAsync(client, ids, 10);

        Assert.True(asked > 2);
        Assert.Equal(Enumerable.Range(1, 10), ids);
    }

    private static string Token() => (DateTimeOffset.UtcNow + Lifetime).UtcTicks.ToString(CultureInfo.InvariantCulture);

    private static bool HasExpired(string token) => ExpiryOf(token) <= DateTimeOffset.UtcNow;

    private static DateTimeOffset ExpiryOf(string token) => new(long.Parse(token, CultureInfo.InvariantCulture), TimeSpan.Zero);

    private static ServiceProvider Client(EventsHost host, TimeSpan heartbeats, Func<CancellationToken, ValueTask<string>>? token = null) => new ServiceCollection()
        .AddLogging()
        .AddMetrics()
        .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
        .AddEventStreamClient(OrdersService.WatchOrders, "Orders", options =>
        {
            options.HeartbeatInterval = heartbeats;
            options.Token = token ?? (_ => new(Token()));
            options.Addresses.Add(host.Address.ToString());
        })
        .BuildServiceProvider();

    private static async Task ReadAsync(ServiceProvider client, ConcurrentQueue<int> ids, int count)
    {
        using var timeout = new CancellationTokenSource(Eventually.Timeout);
        await foreach (var item in client.GetRequiredService<EventStreamClient<OrderEvent>>().SubscribeAsync(new() { FromEarliest = true }, timeout.Token))
        {
            foreach (var told in (item as ReceivedEvents<OrderEvent>)?.Events ?? [])
                ids.Enqueue(int.Parse(told.Order.OrderId, CultureInfo.InvariantCulture));
            if (ids.Count >= count)
                return;
        }
    }

    /// <summary>Whoever shows a time may stay until then.</summary>
    private sealed class Clocked : IStreamAccess
    {
        private int renewed;

        public int Renewed => Volatile.Read(ref renewed);

        public IStreamRights Of(ServerCallContext stream)
        {
            var token = stream.RequestHeaders.GetValue("authorization")!["Bearer ".Length..];
            return HasExpired(token) ? throw new RpcException(new(StatusCode.Unauthenticated, "Expired.")) : new Rights(this, token);
        }

        private sealed class Rights(Clocked access, string token) : IStreamRights
        {
            private static readonly Status Expired = new() { Code = (int)StatusCode.Unauthenticated, Message = "Expired." };
            private volatile string token = token;

            public string Caller => "somebody";

            public DateTimeOffset Expires => ExpiryOf(token);

            public string? Owner => null;

            public Status? Refusal(IMessage part) => null;

            public ValueTask<BoundRights> BindAsync(string bound) => new(new BoundRights(null, Expired));

            public Status? Subscribing() => null;

            public void Unsubscribed()
            {
            }

            public Status? Ending() => HasExpired(token) ? Expired : null;

            public ValueTask<Status?> RenewAsync(string newer, CancellationToken cancellationToken)
            {
                token = newer;
                Interlocked.Increment(ref access.renewed);
                return new((Status?)null);
            }
        }
    }
}
