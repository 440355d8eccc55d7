using System.Net;
using System.Net.Sockets;

namespace Microservices.Hosting.Admission;

/// <summary>Who a caller is, where callers have to share: its address. Of IPv6 the first half, since whoever has one such address has all of them.</summary>
internal static class CallerAddress
{
    /// <summary>The key of a caller; callers without an address, as over a Unix socket, have the same.</summary>
    public static IPAddress Of(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
