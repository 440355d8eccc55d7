using System.Net;
using Microservices.Egress;

namespace Microservices.Tests.Unit.Egress;

/// <summary>Which addresses are called, by themselves and as somebody writes them.</summary>
public sealed class AddressPolicyTests
{
    private static readonly AddressPolicy Policy = new(new EgressOptions());

    [Theory]
    // This network, private, shared, loopback, link-local with the metadata of clouds.
    [InlineData("0.0.0.0", "0.255.255.255")]
    [InlineData("10.0.0.0", "10.255.255.255")]
    [InlineData("100.64.0.0", "100.127.255.255")]
    [InlineData("127.0.0.0", "127.255.255.255")]
    [InlineData("169.254.0.0", "169.254.169.254", "169.254.255.255")]
    [InlineData("172.16.0.0", "172.31.255.255")]
    [InlineData("192.168.0.0", "192.168.255.255")]
    [InlineData("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")]
    // Protocol assignments, documentation, 6to4 relays, benchmarks, multicast, reserved, broadcast.
    [InlineData("192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.0", "192.88.99.255")]
    [InlineData("198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255")]
    [InlineData("224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.254", "255.255.255.255")]
    // The same of IPv6.
    [InlineData("::", "::1", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::1", "febf::1", "fe80::1%1", "fec0::1", "ff00::", "ff02::1", "ffff::1")]
    [InlineData("100::1", "1fff::1", "4000::", "5f00::1", "2001:db8::1", "2001:db8:ffff:ffff::1", "3fff::1", "3fff:fff::1")]
    // IPv4 within IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo, ORCHID. A public one as well.
    [InlineData("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::ffff:0:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1")]
    [InlineData("2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1")]
    public void What_is_not_public_is_refused(params string[] addresses) =>
        Assert.All(addresses, address => Assert.False(Policy.Allows(IPAddress.Parse(address)), address));

    [Theory]
    [InlineData("1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0")]
    [InlineData("172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.17")]
    [InlineData("2001:200::1", "2001:db7::1", "2001:db9::1", "2003::1", "2606:4700::1111", "2a00::1", "3ffe::1", "2000::1")]
    public void What_stands_beside_is_public(params string[] addresses) =>
        Assert.All(addresses, address => Assert.True(Policy.Allows(IPAddress.Parse(address)), address));

    [Fact]
    public void Networks_are_allowed_and_refused_by_settings()
    {
        var policy = new AddressPolicy(new EgressOptions { AllowedNetworks = { "127.0.0.0/30", "::1/128" }, RefusedNetworks = { "8.8.8.0/24", "2606:4700::/32" } });

        Assert.All((string[])["127.0.0.1", "127.0.0.3", "::1", "8.8.4.4"], address => Assert.True(policy.Allows(IPAddress.Parse(address)), address));
        Assert.All((string[])["127.0.0.4", "::ffff:127.0.0.1", "::2", "8.8.8.8", "2606:4700::1111", "10.0.0.1"], address => Assert.False(policy.Allows(IPAddress.Parse(address)), address));
    }

    [Theory]
    [InlineData("https://example.com")]
    [InlineData("HTTPS://Example.com:443/hooks/1?token=x")]
    [InlineData("https://example.com:8443/")]
    [InlineData("https://example.com:1024/")]
    [InlineData("https://example.com./")]
    [InlineData("https://b_c.example.com/")]
    [InlineData("https://bücher.example/")]
    [InlineData("https://8.8.8.8/")]
    [InlineData("https://8.8.8.8:8443/")]
    [InlineData("https://[2606:4700::1111]/")]
    public void A_good_address_is_not_refused(string address) => Assert.Null(Policy.Check(new Uri(address)));

    [Theory]
    [InlineData(AddressRefusal.Scheme, "http://example.com", "ftp://example.com", "file:///etc/passwd", "gopher://example.com", "wss://example.com", "javascript:alert(1)", "//example.com/x")]
    [InlineData(AddressRefusal.UserInfo, "https://user@example.com", "https://user:password@example.com", "https://example.com:443@127.0.0.1/")]
    [InlineData(AddressRefusal.Fragment, "https://example.com/#", "https://example.com/#x", "https://127.0.0.1#@example.com/")]
    [InlineData(AddressRefusal.Port, "https://example.com:0", "https://example.com:22", "https://example.com:25", "https://example.com:80", "https://example.com:1023")]
    [InlineData(AddressRefusal.Network, "https://127.0.0.1", "https://10.1.2.3:8443", "https://169.254.169.254/latest/meta-data", "https://0.0.0.0", "https://255.255.255.255")]
    [InlineData(AddressRefusal.Network, "https://[::1]", "https://[::]", "https://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]", "https://[0:0:0:0:0:ffff:7f00:0001]", "https://[64:ff9b::7f00:1]", "https://[::127.0.0.1]")]
    // One label, or one that ends in a number.
    [InlineData(AddressRefusal.Host, "https://localhost", "https://loc\u00adalhost", "https://redis:6379", "https://xn--a", "https://1.2.3.4.5", "https://127.0.0.1.", "https://0x7f000001.", "https://08.8.8.8", "https://127.0.0.256", "https://4294967296", "https://a.0x7f", "https://-b.example.com")]
    // IPv4 in octal, hexadecimal, one number, fewer parts, other dots; a public one as well.
    [InlineData(AddressRefusal.Host, "https://0177.0.0.1", "https://00000177.1", "https://0x7f.0.0.1", "https://0x7f.1", "https://0x7f.0.0.0x1", "https://0x7f000001", "https://2130706433", "https://127.1", "https://127.0.1", "https://0", "https://134744072", "https://0x08080808", "https://010.8.8.8")]
    [InlineData(AddressRefusal.Host, "https://127。0。0。1", "https://@8.8.8.8", "https://[fe80::1%25eth0]", "https://[2606:4700::1%251]")]
    public void A_bad_address_is_refused_with_its_reason(AddressRefusal reason, params string[] addresses) =>
        Assert.All(addresses, address => Assert.Equal((address, reason), (address, Policy.Check(new Uri(address)))));

    [Fact]
    public void An_address_is_bounded_in_length_and_absolute()
    {
        Assert.Null(Policy.Check(new Uri("https://example.com/".PadRight(2_048, 'x'))));
        Assert.Equal(AddressRefusal.TooLong, Policy.Check(new Uri("https://example.com/".PadRight(2_049, 'x'))));
        Assert.Equal(AddressRefusal.TooLong, Policy.Check(new Uri("https://example.com/".PadRight(1_000, 'ü'))));
        Assert.Equal(AddressRefusal.Host, Policy.Check(new Uri($"https://{string.Join('.', Enumerable.Repeat("abcdefghi", 26))}/")));
        Assert.Equal(AddressRefusal.Scheme, Policy.Check(new Uri("/hooks/1", UriKind.Relative)));
    }

    [Fact]
    public void Http_and_names_of_one_label_are_for_a_developers_machine()
    {
        var policy = new AddressPolicy(new EgressOptions { AllowHttp = true, AllowedNetworks = { "127.0.0.0/8" } });

        Assert.All((string[])["http://localhost:9000/hook", "http://127.0.0.1:9000", "http://example.com", "https://example.com"], address => Assert.Null(policy.Check(new Uri(address))));
        Assert.Equal(AddressRefusal.Port, policy.Check(new Uri("http://localhost:443")));
        Assert.Equal(AddressRefusal.Host, policy.Check(new Uri("http://2130706433/")));
    }
}
