using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;

namespace Microservices.Local;

/// <summary>
/// Ends the suite when Aspire's orchestrator (dcp) has ended. The services end with it, and Aspire does not notice: it goes on saying that they
/// run. So a service that is said to run, that could be connected to, and no longer can be, has gone that way.
/// </summary>
internal sealed class Orchestrator(Suite suite) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // News of a service that ends or is stopped by itself may take as long.
    private const int EnoughRefusals = 3;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var refusals = new Dictionary<int, int>();
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var (replica, pid) in suite.Running)
                {
                    if (await AcceptsAsync(replica.ManagementPort, stoppingToken))
                        refusals[pid] = 0;
                    else if (refusals.ContainsKey(pid) && ++refusals[pid] == EnoughRefusals)
                        suite.Fail($"Aspire's orchestrator (dcp) has ended, and the services with it: {replica.Name} is said to run, but does not listen on port {replica.ManagementPort}");
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The suite stops.
        }
    }

    // A process that is suspended accepts, too: its kernel does.
    private static async Task<bool> AcceptsAsync(int port, CancellationToken stop)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, stop);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
