using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Gateway.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A gateway that has eight event streams and subscriptions for its callers, of which two are an address's share.</summary>
public sealed class SubscriptionQuotaTests : IAsyncLifetime, IDisposable
{
    private const int Limit = 8;
    private readonly GatewayFixture gateway = new();

    public async Task InitializeAsync()
    {
        gateway.Settings["Events:MaxStreams"] = $"{Limit}";
        await gateway.InitializeAsync();
    }

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_caller_that_has_all_loses_its_oldest_stream_to_another_and_gets_no_more_itself(bool sse)
    {
        using var channel = GrpcChannel.ForAddress(gateway.Gateway.Grpc, new GrpcChannelOptions { HttpHandler = From("127.0.0.2") });
        var greedy = new GatewayService.GatewayServiceClient(channel);
        using var first = greedy.WatchOverview();
        using var second = greedy.WatchOverview();
        foreach (var stream in (AsyncDuplexStreamingCall<WatchOverviewRequest, WatchOverviewResponse>[])[first, second])
        {
            for (var id = 1u; id <= Limit / 2; id++)
                await SubscribeAsync(stream, id);
        }

        await second.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new() { SubscriptionId = 9, Key = "u9" } });
        var refused = await second.NextAsync();
        Assert.Equal((9u, (int)StatusCode.ResourceExhausted), (refused.Failed.SubscriptionId, refused.Failed.Status.Code));

        using var good = gateway.Grpc.WatchOverview();
        if (sse)
            (await SseClient.ReadyAsync(gateway.Rest)).Dispose();
        else
            await SubscribeAsync(good, 1);
        var lost = await Assert.ThrowsAsync<RpcException>(() => first.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout));
        Assert.Equal(StatusCode.ResourceExhausted, lost.StatusCode);

        // The other stream goes on, and what the lost one had is there again, once its subscriptions have ended.
        var next = 10u;
        await Eventually.UntilAsync(async () => await TrySubscribeAsync(second, next++), "there is room again");
    }

    private static async Task SubscribeAsync(AsyncDuplexStreamingCall<WatchOverviewRequest, WatchOverviewResponse> stream, uint id) =>
        Assert.True(await TrySubscribeAsync(stream, id));

    // True when it has its snapshot, false when it is refused.
    private static async Task<bool> TrySubscribeAsync(AsyncDuplexStreamingCall<WatchOverviewRequest, WatchOverviewResponse> stream, uint id)
    {
        await stream.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new() { SubscriptionId = id, Key = $"u{id}" } });
        while (true)
        {
            var frame = await stream.NextAsync();
            if (frame.Failed is not null)
                return false;
            if (frame.Events is { Snapshot: true })
                return true;
        }
    }

    private static HttpMessageHandler From(string address) => Tokens.Bearer(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });
}
