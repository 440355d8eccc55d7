using System.Net;
using System.Net.Sockets;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>A process that is told to stop before it has started.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task A_stop_while_the_database_refuses_connections_is_a_stop_and_not_a_failure()
    {
        await using var users = Start(Eventually.FreePort());
        await Eventually.UntilAsync(() => users.Output.Contains("Waiting for the database", StringComparison.Ordinal), "it waits");

        await StopAsync(users);
    }

    [Fact]
    public async Task A_stop_while_the_database_accepts_and_says_nothing_is_a_stop_and_not_a_failure()
    {
        using var database = new TcpListener(IPAddress.Loopback, 0);
        database.Start();
        await using var users = Start(((IPEndPoint)database.LocalEndpoint).Port);
        using var accepted = await database.AcceptTcpClientAsync().WaitAsync(Eventually.Timeout);

        await StopAsync(users);
    }

    private static ReplicaProcess Start(int databasePort) => new("services/Users", new Dictionary<string, string>
    {
        ["ConnectionStrings__Database"] = $"Host=127.0.0.1;Port={databasePort};Username=nobody",
        ["Persistence__UnavailableAfter"] = "00:10:00",
    });

    private static async Task StopAsync(ReplicaProcess process)
    {
        var code = await process.StopAsync();

        Assert.True(code == 0, $"It ended with code {code}:\n{process.Output}");
        Assert.DoesNotContain("Unhandled exception", process.Output, StringComparison.Ordinal);
    }
}
