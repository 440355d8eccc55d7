using System.Diagnostics;
using System.Net.Sockets;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Hosting;

public sealed class LogFloodTests
{
    /// <summary>Kestrel says of each such stream that the connection exceeds its queue, as a critical line.</summary>
    [Fact]
    public async Task A_flood_of_streams_is_a_few_lines_a_second_with_a_count_and_harms_no_other_caller()
    {
        var directory = Directory.CreateTempSubdirectory("suite-").FullName;
        await using var users = new ReplicaProcess("services/Users", new Dictionary<string, string>
        {
            ["ConnectionStrings__Database"] = $"Data Source={directory}/users.db",
            ["ConnectionStrings__Redis"] = $"127.0.0.1:{Eventually.FreePort()}",
        });
        await users.UntilReadyAsync();
        using var channel = Tokens.Channel(users.Address);
        var good = new UsersService.UsersServiceClient(channel);
        await good.CreateUserAsync(new CreateUserRequest { UserId = "ada", DisplayName = "Ada", Email = "ada@example.com" });
        var before = Lines(users).Length;
        var watch = Stopwatch.StartNew();

        while (!users.Output.Contains("more lines like these", StringComparison.Ordinal) && watch.Elapsed < Eventually.Timeout)
        {
            await FloodAsync(new Uri(users.Address));
            await good.GetUserAsync(new GetUserRequest { UserId = "ada" }, deadline: DateTime.UtcNow.AddSeconds(10));
        }

        var lines = Lines(users)[before..];
        Assert.Contains(lines, line => line.Contains("more lines like these", StringComparison.Ordinal));
        // A caller that hangs up is no failure of the service.
        Assert.DoesNotContain(lines, line => line.Contains("Error when executing", StringComparison.Ordinal));
        // Five and a count in each second, of each of some kinds.
        Assert.InRange(lines.Length, 1, 20 * (watch.Elapsed.TotalSeconds + 2));
    }

    private static string[] Lines(ReplicaProcess process) => process.Output.Split('\n');

    private static async Task FloodAsync(Uri address)
    {
        try
        {
            using var raw = await RawHttp2.ConnectAsync(address);
            for (var stream = 1; stream < 2_000; stream += 100)
                await raw.SendAsync(Enumerable.Range(0, 50).SelectMany(i => RawHttp2.Call(stream + (2 * i), "/users.v1.UsersService/GetUser")).ToArray());
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            // It has had enough, or as many connections as it takes: those that are closed count until their calls have ended.
        }
    }
}
