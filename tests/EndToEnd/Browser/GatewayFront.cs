using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microservices.Tests.EndToEnd.Rollout;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>A port that leads to whichever gateway is ready, as the address of a load balancer does, for a browser: a connection stays where it is.</summary>
internal sealed class GatewayFront : IAsyncDisposable
{
    private readonly CancellationTokenSource over = new();
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Task> passing = [];
    private readonly ReadyGateways gateways;
    private readonly Task accepting;

    public GatewayFront(ReadyGateways gateways)
    {
        this.gateways = gateways;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>The port.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await accepting;
        await Task.WhenAll(passing);
        listener.Dispose();
        over.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                passing.Add(PassAsync(await listener.AcceptTcpClientAsync(over.Token)));
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            await using var browser = client.GetStream();
            await using var gateway = await gateways.ConnectAsync(over.Token);
            // When one side ends, the other has had all of it.
            await await Task.WhenAny(browser.CopyToAsync(gateway, over.Token), gateway.CopyToAsync(browser, over.Token));
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException)
        {
            // The browser sees that its connection has ended.
        }
    }
}
