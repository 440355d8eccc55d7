using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Microservices.Egress;

/// <summary>
/// Connects to an address that was checked, and not to a name: between a check and a second look-up the answer could change. Of a name's addresses those
/// that are not allowed are left out, and the others are tried, since a network with NAT64 adds such an address to every name. Thread-safe.
/// </summary>
internal sealed class PinnedConnector(AddressPolicy policy, IHostResolver resolver, TimeSpan timeout)
{
    private const int MaxAttempts = 4;

    /// <summary>Connects; each of the first addresses is given an equal share of the time.</summary>
    /// <exception cref="AddressRefusedException">None of the addresses is allowed.</exception>
    /// <exception cref="SocketException">There is no such name, or none of the addresses can be connected to.</exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint host, CancellationToken cancellationToken)
    {
        var found = IPAddress.TryParse(host.Host, out var literal) ? [literal] : await resolver.ResolveAsync(host.Host, cancellationToken);
        IPAddress[] addresses = [.. found.Where(policy.Allows).Take(MaxAttempts)];
        if (addresses.Length == 0 && found.Count > 0)
            throw new AddressRefusedException();
        var failure = new SocketException((int)SocketError.HostNotFound);
        foreach (var address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                attempt.CancelAfter(timeout / addresses.Length);
                await socket.ConnectAsync(new IPEndPoint(address, host.Port), attempt.Token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
                failure = fault as SocketException ?? new SocketException((int)SocketError.TimedOut);
            }
        }

        throw failure;
    }
}

/// <summary>A name led only to addresses that are not allowed.</summary>
internal sealed class AddressRefusedException : Exception;

/// <summary>Looks up names.</summary>
internal interface IHostResolver
{
    /// <summary>The addresses of a name; none when it cannot be looked up.</summary>
    Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken);
}

/// <summary>The system's way to look up names. It blocks a thread for as long as a stranger's name server likes: one of its own, of which there are few.</summary>
internal sealed class SystemResolver(IOptions<EgressOptions> options) : IHostResolver, IDisposable
{
    // Those that wait are requests under way, which are bounded.
    private readonly ConcurrencyLimiter turns = new(new() { PermitLimit = options.Value.MaxLookups, QueueLimit = int.MaxValue });

    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var turn = await turns.AcquireAsync(1, cancellationToken);
        return await Task.Factory.StartNew(() => LookUp(host, turn), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(cancellationToken);
    }

    public void Dispose() => turns.Dispose();

    private static IPAddress[] LookUp(string host, RateLimitLease turn)
    {
        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (SocketException)
        {
            // Nobody waits for it any more, perhaps: so it is no exception.
            return [];
        }
        finally
        {
            turn.Dispose();
        }
    }
}
