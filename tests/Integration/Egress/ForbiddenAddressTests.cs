using System.Net.Sockets;
using Microservices.Egress;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Egress;

/// <summary>Whatever is written and whatever names lead to, nothing is connected to that is not allowed: listening sockets count.</summary>
public sealed class ForbiddenAddressTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngood";

    [Fact]
    public async Task No_notation_of_this_machines_address_reaches_it()
    {
        var port = Eventually.FreePort();
        await using var traps = new Traps(port);
        using var egress = new EgressUnderTest(options => options.AllowedNetworks.Clear());

        foreach (var host in (string[])[
            "127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "0", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "00000177.1", "017700000001", "127.0.0.1.",
            "１２７．０．０．１", "127。0。0。1", "①②⑦.0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:0.0.0.0]",
            "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost", "loc\u00adalhost", "user@127.0.0.1", "example.com:80@127.0.0.1"])
        {
            var answer = await egress.GetAsync($"http://{host}:{port}/");
            Assert.Equal((host, EgressOutcome.Refused), (host, answer.Outcome));
        }

        Assert.Equal(0, traps.Accepted);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:127.0.0.2")]
    [InlineData("127.0.0.1", "::1", "10.0.0.1", "169.254.169.254")]
    public async Task No_name_that_leads_to_this_machine_reaches_it(params string[] addresses)
    {
        var port = Eventually.FreePort();
        await using var traps = new Traps(port);
        using var egress = new EgressUnderTest();
        egress.Names.Addresses["inside.test"] = addresses;

        var answer = await egress.GetAsync($"http://inside.test:{port}/");

        Assert.Equal((EgressOutcome.Refused, AddressRefusal.Network), (answer.Outcome, answer.Refusal));
        Assert.Equal((0, 1), (traps.Accepted, egress.Names.Lookups));
    }

    [Fact]
    public async Task Of_a_names_addresses_those_that_are_allowed_are_connected_to()
    {
        await using var good = RawServer.Answering(Answer);
        await using var traps = new Traps(good.Port);
        using var egress = new EgressUnderTest();
        egress.Names.Addresses["both.test"] = ["::1", "127.0.0.1", "127.0.0.2"];

        for (var i = 0; i < 10; i++)
            Assert.Equal(EgressOutcome.Answered, (await egress.GetAsync($"http://both.test:{good.Port}/")).Outcome);

        Assert.Equal((10, 0), (good.Accepted, traps.Accepted));
    }

    [Fact]
    public async Task A_name_that_leads_elsewhere_after_it_was_checked_is_not_followed()
    {
        await using var good = RawServer.Answering(Answer);
        await using var traps = new Traps(good.Port);
        using var egress = new EgressUnderTest();

        Assert.Equal(EgressOutcome.Answered, (await egress.GetAsync($"http://rebind.test:{good.Port}/")).Outcome);
        Assert.Equal(1, egress.Names.Lookups);
        egress.Names.Addresses["rebind.test"] = ["127.0.0.1"];
        Assert.Equal(EgressOutcome.Refused, (await egress.GetAsync($"http://rebind.test:{good.Port}/")).Outcome);

        // One look-up for each connection, and so none between the check and the connection.
        Assert.Equal((2, 1, 0), (egress.Names.Lookups, good.Accepted, traps.Accepted));
    }

    [Fact]
    public async Task A_connection_that_is_kept_is_given_up_after_its_time_so_that_the_name_is_checked_again()
    {
        await using var good = RawServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
        await using var traps = new Traps(good.Port);
        using var egress = new EgressUnderTest(options => options.ConnectionLifetime = TimeSpan.FromMilliseconds(200));
        Assert.Equal(EgressOutcome.Answered, (await egress.GetAsync($"http://rebind.test:{good.Port}/")).Outcome);

        egress.Names.Addresses["rebind.test"] = ["127.0.0.1"];
        await Eventually.UntilAsync(async () => (await egress.GetAsync($"http://rebind.test:{good.Port}/")).Outcome == EgressOutcome.Refused, "the name is checked again");

        Assert.Equal((1, 0), (good.Accepted, traps.Accepted));
    }

    [FactNeeding(Need.Dnsmasq)]
    public async Task A_name_server_that_changes_its_answer_is_not_followed()
    {
        await using var good = RawServer.Answering(Answer);
        await using var traps = new Traps(good.Port);
        await using var names = await NameServer.StartAsync("rebind.test", "127.0.0.2");
        using var egress = new EgressUnderTest(resolver: names);

        for (var i = 0; i < 5; i++)
        {
            await names.ChangeAsync("127.0.0.2");
            Assert.Equal(EgressOutcome.Answered, (await egress.GetAsync($"http://rebind.test:{good.Port}/")).Outcome);
            await names.ChangeAsync("127.0.0.1");
            Assert.Equal(EgressOutcome.Refused, (await egress.GetAsync($"http://rebind.test:{good.Port}/")).Outcome);
        }

        Assert.Equal(EgressOutcome.NameNotFound, (await egress.GetAsync($"http://nowhere.test:{good.Port}/")).Outcome);
        Assert.Equal((5, 0), (good.Accepted, traps.Accepted));
    }

    [Fact]
    public async Task What_is_allowed_is_reached_by_the_same_means()
    {
        await using var server = RawServer.Answering(Answer, "127.0.0.1");
        using var egress = new EgressUnderTest(options => options.AllowedNetworks.Add("127.0.0.1/32"));
        egress.Names.Addresses["inside.test"] = ["127.0.0.1"];

        foreach (var host in (string[])["127.0.0.1", "inside.test"])
            Assert.Equal("good"u8.ToArray(), (await egress.GetAsync($"http://{host}:{server.Port}/")).Body.ToArray());

        Assert.Equal(2, server.Accepted);
    }

    /// <summary>What listens where nothing may come.</summary>
    private sealed class Traps(int port) : IAsyncDisposable
    {
        private readonly RawServer[] traps = [.. (Socket.OSSupportsIPv6 ? (string[])["127.0.0.1", "::1"] : ["127.0.0.1"]).Select(address => RawServer.Trap(address, port))];

        public int Accepted => traps.Sum(trap => trap.Accepted);

        public async ValueTask DisposeAsync()
        {
            foreach (var trap in traps)
                await trap.DisposeAsync();
        }
    }
}
