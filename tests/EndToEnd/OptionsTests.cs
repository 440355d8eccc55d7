using System.Net;
using System.Net.Sockets;
using System.Text;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>The command line: what it says of itself, and of what is wrong with it.</summary>
public sealed class OptionsTests
{
    [Fact]
    public async Task Help_lists_the_options_and_the_exit_codes()
    {
        await using var suite = Suite.Launch(["--help"]);

        Assert.Equal(0, await suite.UntilExitAsync());
        foreach (var option in new[] { "--data <DIR>", "--redis <HOST:PORT>", "--postgres <CONNECTION>", "--replicas <SERVICE=N>", "--ready-timeout <SECONDS>", "--no-build", "--no-dashboard" })
            Assert.Contains(option, suite.Output, StringComparison.Ordinal);
        Assert.Contains("Exit codes:", suite.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--stop-with-parent", suite.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--replicas", "postman=2", "--replicas wants SERVICE=N")]
    [InlineData("--replicas", "orders=0", "--replicas wants SERVICE=N")]
    [InlineData("--replicas", "orders=10", "--replicas wants SERVICE=N")]
    [InlineData("--replicas", "orders=two", "--replicas wants SERVICE=N")]
    [InlineData("--replicas", "orders", "--replicas wants SERVICE=N")]
    [InlineData("--redis", "localhost", "--redis wants HOST:PORT")]
    [InlineData("--redis", "localhost:99999", "--redis wants HOST:PORT")]
    [InlineData("--redis", "127.0.0.1:1", "--redis 127.0.0.1:1 cannot be reached")]
    [InlineData("--postgres", "postgres://me@localhost/suite", "--postgres wants Npgsql's form")]
    [InlineData("--postgres", "Data Source=users.db", "--postgres wants Npgsql's form")]
    [InlineData("--postgres", "Host=127.0.0.1;Port=1;Username=me", "--postgres 127.0.0.1:1 cannot be reached: Connection refused. Start a PostgreSQL there")]
    [InlineData("--ready-timeout", "soon", "--ready-timeout wants a number of seconds")]
    [InlineData("--data", "/dev/null/data", "--data /dev/null/data cannot be used")]
    [InlineData("--data", "/sys/kernel", "--data /sys/kernel cannot be used")]
    [InlineData("--colour", "red", "'--colour'")]
    public async Task A_wrong_option_is_named_and_nothing_is_started(string option, string value, string message)
    {
        await using var suite = option == "--data" ? Suite.Launch(data: value) : Suite.Launch([option, value]);

        Assert.Equal(1, await suite.UntilExitAsync());
        Assert.Contains(message, suite.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(" | ", suite.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "is no Redis")]
    [InlineData("-NOAUTH Authentication required.\r\n", "wants a password")]
    [InlineData("", "no answer within 3 s")]
    public async Task A_Redis_that_is_none_or_does_not_answer_is_named_and_nothing_is_started(string answer, string message)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var suite = Suite.Launch(["--redis", $"{server.LocalEndpoint}"]);
        using var client = await server.AcceptTcpClientAsync().WaitAsync(Eventually.Timeout);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));

        Assert.Equal(1, await suite.UntilExitAsync());
        Assert.StartsWith($"--redis {server.LocalEndpoint} ", suite.Output, StringComparison.Ordinal);
        Assert.Contains(message, suite.Output, StringComparison.Ordinal);
        Assert.Single(suite.Output.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("")]
    public async Task A_PostgreSQL_that_is_none_or_does_not_answer_is_named_and_nothing_is_started(string answer)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var suite = Suite.Launch(["--postgres", $"Host=127.0.0.1;Port={((IPEndPoint)server.LocalEndpoint).Port};Username=me"]);
        using var client = await server.AcceptTcpClientAsync().WaitAsync(Eventually.Timeout);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));

        Assert.Equal(1, await suite.UntilExitAsync());
        Assert.StartsWith($"--postgres {server.LocalEndpoint} cannot be reached: ", suite.Output, StringComparison.Ordinal);
        Assert.Single(suite.Output.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_service_named_twice_is_an_error()
    {
        await using var suite = Suite.Launch(["--replicas", "orders=2", "--replicas", "orders=3"]);

        Assert.Equal(1, await suite.UntilExitAsync());
        Assert.Contains("--replicas names orders twice", suite.Output, StringComparison.Ordinal);
    }
}
