using System.Net;

namespace Microservices.Egress;

/// <summary>Which addresses are called. Immutable.</summary>
internal sealed class AddressPolicy(EgressOptions options)
{
    private const int MaxLength = 2_048;
    private const int MaxHostLength = 253;
    private const int FirstUserPort = 1_024;

    // Of IANA's registries of special-purpose addresses (RFC 6890) and of multicast; and where clouds answer their machines at a public address.
    private static readonly IPNetwork[] Special = Parse(
    [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
        // Teredo and other tunnels, documentation, 6to4: within what is otherwise public.
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    ]);

    // All that IANA gives out for public use; so mapped and translated IPv4 (::ffff:0:0/96, 64:ff9b::/96), loopback, local and multicast addresses are outside.
    private static readonly IPNetwork PublicV6 = IPNetwork.Parse("2000::/3");

    private readonly IPNetwork[] allowed = Parse(options.AllowedNetworks);
    private readonly IPNetwork[] refused = [.. Special, .. Parse(options.RefusedNetworks)];

    /// <summary>Whether an address may be connected to. A network has the IPv4 addresses of IPv6 that are in it too: none of these may be, even where it is allowed.</summary>
    public bool Allows(IPAddress address) => !address.IsIPv4MappedToIPv6 && (IsIn(allowed, address)
        || (!IsIn(refused, address) && (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork || PublicV6.Contains(address))));

    /// <summary>Why an address is refused as it is written; null when it is not.</summary>
    public AddressRefusal? Check(Uri address) =>
        !address.IsAbsoluteUri || !(address.Scheme == Uri.UriSchemeHttps || (options.AllowHttp && address.Scheme == Uri.UriSchemeHttp)) ? AddressRefusal.Scheme
        : address.OriginalString.Length > MaxLength || address.AbsoluteUri.Length > MaxLength ? AddressRefusal.TooLong
        : address.UserInfo.Length > 0 ? AddressRefusal.UserInfo
        : address.Fragment.Length > 0 ? AddressRefusal.Fragment
        : !address.IsDefaultPort && address.Port < FirstUserPort ? AddressRefusal.Port
        : IPAddress.TryParse(address.IdnHost, out var ip) ? (!IsUsualNotation(address, ip) ? AddressRefusal.Host : Allows(ip) ? null : AddressRefusal.Network)
        : IsName(address) ? null : AddressRefusal.Host;

    // Uri has understood octal, hexadecimal, and shortened forms, which are only written to deceive: 0x7f.1 is 127.0.0.1.
    private static bool IsUsualNotation(Uri address, IPAddress ip) => ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
        ? address.OriginalString.StartsWith($"{address.Scheme}://{ip}", StringComparison.OrdinalIgnoreCase)
        : !address.IdnHost.Contains('%', StringComparison.Ordinal);

    // A name that ends in a number is an IPv4 address to some resolvers, as 127.0.0.1. is. One label is a name of the network that the process runs in.
    private bool IsName(Uri address)
    {
        var labels = address.IdnHost.TrimEnd('.').Split('.');
        return address.HostNameType == UriHostNameType.Dns && address.IdnHost.Length <= MaxHostLength
            && (labels.Length > 1 || allowed.Length > 0) && !char.IsAsciiDigit(labels[^1][0]);
    }

    private static bool IsIn(IPNetwork[] networks, IPAddress address) => Array.Exists(networks, network => network.Contains(address));

    private static IPNetwork[] Parse(IEnumerable<string> networks) => [.. networks.Select(network => IPNetwork.Parse(network))];
}
