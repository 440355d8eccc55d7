using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microservices.Tests.Integration.Gateway;

public sealed class DrainTests
{
    [Fact]
    public async Task A_stream_hears_of_the_stop_and_still_gets_its_answers()
    {
        using var gateway = new GatewayFixture();
        await gateway.InitializeAsync();
        var orders = new HeldCall();
        gateway.Orders.OnList = async (_, context) =>
        {
            await orders.HoldAsync(context);
            return new ListOrdersResponse();
        };
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);
        await stream.CallAsync((1, "ada", 0));
        await orders.Arrived;

        var stopping = gateway.StopAsync();
        while (stream.Draining is null)
            Assert.True(await stream.ReadAsync());
        Assert.True(stream.Draining.ReconnectAfter.ToTimeSpan() <= TimeSpan.FromSeconds(60));
        orders.Release();

        Assert.True(Assert.Single(await stream.FinishAsync()).Overview.Complete);
        await stopping;
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_connection_over_HTTP_ends_with_its_next_answer()
    {
        using var gateway = new GatewayFixture();
        gateway.Settings["Drain:Delay"] = "00:00:10";
        await gateway.InitializeAsync();
        using var before = await gateway.Rest.GetAsync("/v1/users/ada");
        Assert.False(before.Headers.ConnectionClose ?? false);

        gateway.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        using var during = await gateway.Rest.GetAsync("/v1/users/ada");

        Assert.Equal(HttpStatusCode.OK, during.StatusCode);
        Assert.True(during.Headers.ConnectionClose);
        // Nobody waits for the delay.
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await gateway.StopAsync(now.Token);
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_call_that_reaches_no_replica_is_made_again_until_one_is_there()
    {
        using var gateway = new GatewayFixture();
        await gateway.InitializeAsync();
        // A call is made again for a second, within which a server need not have started on a busy machine: it is there, and its port opens.
        await using var users = await Backend.StartAsync(gateway.Users);
        using var door = new TcpListener(IPAddress.Loopback, Eventually.FreePort());
        await using var another = gateway.AnotherGateway(("Backends:Users:Addresses:0", $"http://{door.LocalEndpoint}"));
        using var nobody = await another.Rest.GetAsync("/v1/users/ada");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, nobody.StatusCode);

        var asked = another.Rest.GetAsync("/v1/users/ada");
        door.Start();
        var relaying = RelayAsync(door, IPEndPoint.Parse(new Uri(users.Address).Authority));

        using var answer = await asked;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        door.Stop();
        await relaying;
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_of_events_takes_its_connection_with_it()
    {
        using var gateway = new GatewayFixture();
        await gateway.InitializeAsync();

        using var events = await SseClient.OpenAsync(gateway.Rest);

        Assert.True(events.Response.Headers.ConnectionClose);
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_whose_caller_does_not_leave_is_ended_when_the_window_has_passed()
    {
        using var gateway = new GatewayFixture();
        await gateway.InitializeAsync();
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);

        var stopping = gateway.StopAsync();
        var ended = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await stream.ReadAsync())
            {
            }
        });

        Assert.NotNull(stream.Draining);
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
        await stopping;
        await gateway.DisposeAsync();
    }

    // Until the door is closed.
    private static async Task RelayAsync(TcpListener door, IPEndPoint server)
    {
        try
        {
            while (true)
            {
                var caller = await door.AcceptTcpClientAsync();
                var callee = new TcpClient();
                await callee.ConnectAsync(server);
                _ = Task.WhenAny(caller.GetStream().CopyToAsync(callee.GetStream()), callee.GetStream().CopyToAsync(caller.GetStream()))
                    .ContinueWith(_ =>
                    {
                        caller.Dispose();
                        callee.Dispose();
                    }, TaskScheduler.Default);
            }
        }
        catch (SocketException)
        {
            // It is closed.
        }
    }
}
