using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Microservices.Hosting.Admission;

/// <summary>Who a caller is, where callers have to share.</summary>
/// <param name="Address">Its address. Of IPv6 the first half, since whoever has one such address has all of them.</param>
/// <param name="Connection">One of its connections.</param>
public readonly record struct Caller(IPAddress Address, string Connection)
{
    /// <summary>Who has sent a request.</summary>
    public static Caller Of(HttpContext http) => new(AddressOf(http.Connection.RemoteIpAddress), http.Connection.Id);

    /// <summary>What stands for a caller; callers without an address, as over a Unix socket, have the same.</summary>
    internal static IPAddress AddressOf(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        address = address.Unmapped();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
