using Grpc.Core;
using Microservices.Tests.Support;
using Microservices.Users;
using UsersClient = Microservices.Users.V1.UsersService.UsersServiceClient;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>A service that takes eight connections, of which two are an address's share.</summary>
public sealed class ConnectionLimitTests : IDisposable
{
    private const int Limit = 8;
    private readonly string directory = Directory.CreateTempSubdirectory("suite-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task An_address_that_has_all_connections_loses_its_oldest_to_another_and_gets_no_more_itself()
    {
        await using var host = new ServiceHost<UsersDbContext>(new Dictionary<string, string>
        {
            ["ConnectionStrings:Database"] = $"Data Source={directory}/users.db",
            ["Admission:MaxConnections"] = $"{Limit}",
        });
        var greedy = new List<WindowlessConnection>();
        for (var i = 0; i < Limit; i++)
        {
            greedy.Add(await WindowlessConnection.OpenAsync(host.Grpc, "127.0.0.2"));
            await greedy[i].Begun.WaitAsync(Eventually.Timeout);
        }

        await using (var one = await WindowlessConnection.OpenAsync(host.Grpc, "127.0.0.2"))
            await one.Closed.WaitAsync(Eventually.Timeout);
        Assert.All(greedy, connection => Assert.False(connection.Closed.IsCompleted));

        var missing = await Assert.ThrowsAsync<RpcException>(async () => await new UsersClient(host.Channel).GetUserAsync(new() { UserId = "nobody" }));
        Assert.Equal(StatusCode.NotFound, missing.StatusCode);
        await greedy[0].Closed.WaitAsync(Eventually.Timeout);
        Assert.All(greedy[1..], connection => Assert.False(connection.Closed.IsCompleted));

        // Those that go make room.
        await greedy[1].DisposeAsync();
        await Eventually.UntilAsync(
            async () =>
            {
                var another = await WindowlessConnection.OpenAsync(host.Grpc, "127.0.0.3");
                greedy.Add(another);
                return await Task.WhenAny(another.Begun, another.Closed) == another.Begun;
            },
            "there is room");
        foreach (var connection in greedy)
            await connection.DisposeAsync();
    }
}
