using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microservices.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>An Identity that may have eight requests at a time, of which two are an address's share, behind a gateway with callers who want all of them.</summary>
public sealed class AuthorityFairnessTests : IAsyncLifetime, IDisposable
{
    private const int Limit = 8;
    private const int MaxBody = 64 << 10;
    private readonly ConcurrentQueue<long> bodies = [];
    private WebApplication identity = null!;
    private GatewayFactory gateway = null!;
    private int begun;
    private int held;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        identity = builder.Build();
        identity.Run(async http =>
        {
            Interlocked.Increment(ref begun);
            if (http.Request.Path == "/connect/held")
            {
                Interlocked.Increment(ref held);
                await Task.Delay(Timeout.Infinite, http.RequestAborted);
            }

            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            bodies.Enqueue(body.Length);
            await http.Response.WriteAsync("well");
        });
        await identity.StartAsync();
        gateway = new(Settings());
    }

    public async Task DisposeAsync()
    {
        await gateway.DisposeAsync();
        await identity.DisposeAsync();
    }

    public void Dispose() => gateway.Dispose();

    [Fact]
    public async Task Whoever_trickles_bodies_has_nothing_of_Identity_until_they_are_whole()
    {
        var sockets = await Task.WhenAll(Enumerable.Range(0, 3 * Limit).Select(_ => TrickleAsync(gateway, 1_000)));

        for (var i = 0; i < Limit; i++)
            Assert.Equal("well", await gateway.Rest.GetStringAsync("/account/login"));
        Assert.Equal(Limit, begun);

        await sockets[0].SendAsync(new byte[999]);
        Assert.StartsWith("HTTP/1.1 200", await ReadAsync(sockets[0]), StringComparison.Ordinal);
        Assert.Contains(1_000, bodies);
        foreach (var socket in sockets)
            socket.Dispose();
    }

    [Fact]
    public async Task Whoever_has_all_requests_to_Identity_gets_no_more_and_loses_the_oldest_to_another()
    {
        var greedy = Enumerable.Range(0, Limit).Select(_ => GetAsync("/connect/held", "203.0.113.1")).ToList();
        await Eventually.UntilAsync(() => Volatile.Read(ref held) == Limit, "all requests are there");

        using var refused = await GetAsync("/account/login", "203.0.113.1");
        using var good = await GetAsync("/account/login", "203.0.113.2");

        await refused.ProblemAsync(503);
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        var lost = await Task.WhenAny(greedy);
        await Assert.ThrowsAsync<HttpRequestException>(() => lost);
        Assert.Equal(Limit - 1, greedy.Count(each => !each.IsCompleted));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_is_forwarded_up_to_the_size_that_every_body_may_have(bool chunked)
    {
        using var most = await PostAsync(MaxBody, chunked);
        using var more = await PostAsync(MaxBody + 1, chunked);

        Assert.Equal(HttpStatusCode.OK, most.StatusCode);
        await more.ProblemAsync(413);
        Assert.Equal([MaxBody], bodies);
    }

    [Fact]
    public async Task A_body_that_takes_too_long_to_arrive_is_refused()
    {
        await using var impatient = new GatewayFactory([.. Settings(), ("Authority:Timeout", "00:00:01")]);
        using var socket = await TrickleAsync(impatient, 1_000);

        Assert.StartsWith("HTTP/1.1 408", await ReadAsync(socket), StringComparison.Ordinal);
        Assert.Empty(bodies);
    }

    private (string Key, string Value)[] Settings() =>
    [
        ("Authority:Address", identity.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()), ("Authority:MaxRequests", $"{Limit}"),
    ];

    private Task<HttpResponseMessage> GetAsync(string path, string from) => gateway.Rest.SendAsync(HttpMethod.Get, path, header: ("X-Forwarded-For", from));

    private async Task<HttpResponseMessage> PostAsync(int length, bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token") { Content = new ByteArrayContent(new byte[length]) };
        // Else the caller may be cut off while it sends, and miss the answer.
        request.Headers.ExpectContinue = true;
        request.Headers.TransferEncodingChunked = chunked;
        return await gateway.Rest.SendAsync(request);
    }

    /// <summary>A request of which the first byte of the body has come, which the gateway reads.</summary>
    private static async Task<Socket> TrickleAsync(GatewayFactory to, int length)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, to.RestAddress.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST /connect/token HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 100", await ReadAsync(socket), StringComparison.Ordinal);
        await socket.SendAsync(new byte[1]);
        return socket;
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        var buffer = new byte[4096];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer).WaitAsync(Eventually.Timeout));
    }
}
