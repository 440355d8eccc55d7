using System.Net;

namespace Microservices.Hosting;

/// <summary>Addresses of callers.</summary>
public static class Addresses
{
    /// <summary>The IPv4 address that an IPv6 one stands for, as a port that takes both has it (<c>::ffff:192.0.2.1</c>); else the address itself.</summary>
    public static IPAddress Unmapped(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
