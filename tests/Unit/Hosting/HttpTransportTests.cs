using System.Net;
using System.Net.Sockets;
using Microservices.Hosting;
using Microservices.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microservices.Tests.Unit.Hosting;

/// <summary>Connections whose kernel buffers are as small as they may be, so that what the transport takes is what is seen.</summary>
public sealed class HttpTransportTests
{
    // What the kernel takes of either side all the same.
    private const int Kernel = 24 * 1024;
    private const int Much = 1 << 20;

    [Fact]
    public async Task Of_answers_that_nobody_reads_a_few_kilobytes_are_taken_before_whoever_writes_them_has_to_wait()
    {
        await using var listener = await ListenAsync();
        using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 1 };
        await caller.ConnectAsync(listener.EndPoint);
        await using var connection = (await listener.AcceptAsync())!;
        connection.Features.Get<IConnectionSocketFeature>()!.Socket.SendBufferSize = 1;

        var written = 0;
        var writing = Task.Run(async () =>
        {
            for (; written < Much; Interlocked.Add(ref written, 1024))
                await connection.Transport.Output.WriteAsync(new byte[1024]);
        });

        var taken = await Eventually.StandsStillAsync(() => Volatile.Read(ref written), "it takes some");
        caller.Dispose();
        connection.Abort();
        await Task.WhenAny(writing);
        Assert.InRange(taken, 1, HttpTransport.MaxUnsentBytes + Kernel);
    }

    [Fact]
    public async Task Of_requests_that_nobody_takes_a_few_kilobytes_are_read()
    {
        await using var listener = await ListenAsync();
        using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 1 };
        await caller.ConnectAsync(listener.EndPoint);
        await using var connection = (await listener.AcceptAsync())!;
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < 8 * Much; Interlocked.Add(ref sent, 1024))
                await caller.SendAsync(new byte[1024]);
        });
        await Eventually.StandsStillAsync(() => Volatile.Read(ref sent), "it takes some");

        // What was read without being asked for is there at once.
        var hasRead = connection.Transport.Input.TryRead(out var read);
        var ahead = read.Buffer.Length;
        caller.Dispose();
        connection.Abort();
        await Task.WhenAny(sending);
        Assert.True(hasRead);
        Assert.InRange(ahead, 1, HttpTransport.MaxReadAheadBytes + 4096);
    }

    [Theory]
    [InlineData("http://localhost:8080", 8080, true)]
    [InlineData("http://+:8080", 8080, true)]
    [InlineData("http://127.0.0.1:8080", 8081, false)]
    public void It_is_for_the_HTTP_port_alone(string url, int port, bool isFor) =>
        Assert.Equal(isFor, Assert.Single(Registered(url)).CanBind(new IPEndPoint(IPAddress.IPv6Any, port)));

    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://unix:/run/gateway.sock")]
    [InlineData(null)]
    public void Where_no_port_is_known_the_servers_own_is_used(string? url) => Assert.Empty(Registered(url));

    private static IEnumerable<HttpTransport> Registered(string? url)
    {
        var services = new ServiceCollection().AddLogging();
        HttpTransport.Use(services, new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Kestrel:Endpoints:Http:Url", url)]).Build());
        return services.BuildServiceProvider().GetServices<IConnectionListenerFactory>().Cast<HttpTransport>();
    }

    private static ValueTask<IConnectionListener> ListenAsync() =>
        new HttpTransport(0, NullLoggerFactory.Instance).BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
}
