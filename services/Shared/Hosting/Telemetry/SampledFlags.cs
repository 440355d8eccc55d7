using System.Net;
using Microservices.Hosting.Admission;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// Whether the sampled flag of the request that is being handled decides. The suite's own services are followed, so that a trace is whole. From a stranger
/// the flag is a wish: a few are granted in a second, of which each address has its share, so that whoever sets it on everything has the suite and its
/// collector record no more than that, and takes nothing from others. Thread-safe.
/// </summary>
internal sealed class SampledFlags(IHttpContextAccessor requests, IOptions<TracingOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);
    private static readonly IPNetwork[] PrivateNetworks =
        [.. ((string[])["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"]).Select(network => IPNetwork.Parse(network))];

    private readonly int most = options.Value.MaxFlaggedPerSecond;
    private readonly int share = (options.Value.MaxFlaggedPerSecond + 3) / 4;
    private readonly Lock gate = new();
    private readonly Dictionary<IPAddress, int> granted = [];
    private int total;
    private long began = time.GetTimestamp();

    /// <summary>Whether to record what has come with the flag; to be asked once for each.</summary>
    public bool Follow() =>
        requests.HttpContext is { Connection.RemoteIpAddress: var address }
            ? IsFollowed(address) || Grant(Caller.AddressOf(address))
            : Grant(Caller.AddressOf(null));

    private bool IsFollowed(IPAddress? address) => options.Value.FollowCallers switch
    {
        FollowedCallers.All => true,
        FollowedCallers.Private => IsPrivate(address),
        _ => false,
    };

    // A caller without an address comes over a Unix socket.
    private static bool IsPrivate(IPAddress? address)
    {
        if (address is null)
            return true;
        address = address.Unmapped();
        return IPAddress.IsLoopback(address) || address.IsIPv6UniqueLocal || address.IsIPv6LinkLocal || PrivateNetworks.Any(network => network.Contains(address));
    }

    private bool Grant(IPAddress caller)
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            if (time.GetElapsedTime(began, now) >= Window)
            {
                (began, total) = (now, 0);
                granted.Clear();
            }

            var own = granted.GetValueOrDefault(caller);
            if (total == most || own == share)
                return false;
            total++;
            granted[caller] = own + 1;
            return true;
        }
    }
}
