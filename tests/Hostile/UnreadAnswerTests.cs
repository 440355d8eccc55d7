using System.Globalization;
using System.Text;
using Google.Protobuf;
using Microservices.Gateway.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Hostile.Http2;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Xunit.Abstractions;

namespace Microservices.Tests.Hostile;

/// <summary>
/// Callers at another address than the good one's that ask for much and read nothing: none of the good one's calls fails, they take about as long as
/// without, and no process needs more memory than its pod has. Rounds with and without them take turns, so that whatever else goes on here
/// slows both.
/// </summary>
public sealed class UnreadAnswerTests(ITestOutputHelper print)
{
    private const string Stranger = "127.0.0.2";

    [FactNeeding(Need.RedisServer)]
    public async Task Five_thousand_lists_that_nobody_reads_harm_nobody()
    {
        await using var suite = await HostileSuite.StartAsync();
        using var channel = Tokens.Channel(suite.Users.Address);
        var users = new UsersService.UsersServiceClient(channel);
        await Parallel.ForEachAsync(Enumerable.Range(0, 600), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, cancellationToken) =>
            await users.CreateUserAsync(new() { UserId = $"user{i}", DisplayName = new string('n', 200), Email = $"user{i}@example.com" }, cancellationToken: cancellationToken));

        var request = GrpcSender.Frame(new ListUsersRequest { PageSize = 500 }.ToByteArray());
        await HarmAsync(suite, async connections =>
        {
            for (var i = 0; i < 5_000 / 100 / GoodCallersPace.Rounds; i++)
            {
                var connection = await Http2Connection.OpenAsync(new Uri(suite.Users.Address).Port, CancellationToken.None, initialWindow: 0, from: Stranger);
                connections.Add(connection);
                for (var stream = 1; stream < 200; stream += 2)
                    connection.Request(stream, "/users.v1.UsersService/ListUsers").Write(FrameType.Data, Http2Connection.EndStream, stream, request);
                await connection.SendAsync(CancellationToken.None);
            }
        });
    }

    [FactNeeding(Need.RedisServer)]
    public async Task Small_answers_that_nobody_reads_on_all_connections_of_a_port_harm_nobody()
    {
        // Admission:MaxConnections, by default, and the calls that the server takes of each.
        const int Connections = 100;
        const int CallsEach = 100;
        await using var suite = await HostileSuite.StartAsync();
        using var channel = Tokens.Channel(suite.Users.Address);
        await new UsersService.UsersServiceClient(channel).CreateUserAsync(new() { UserId = "ada", DisplayName = "Ada", Email = "ada@example.com" });

        var request = GrpcSender.Frame(new GetUserRequest { UserId = "ada" }.ToByteArray());
        await HarmAsync(suite, async connections =>
        {
            for (var i = 0; i < Connections; i++)
            {
                var connection = await Http2Connection.OpenAsync(new Uri(suite.Users.Address).Port, CancellationToken.None, initialWindow: 0, from: Stranger);
                connections.Add(connection);
                for (var stream = 1; stream < 2 * CallsEach; stream += 2)
                    connection.Request(stream, "/users.v1.UsersService/GetUser").Write(FrameType.Data, Http2Connection.EndStream, stream, request);
                await connection.SendAsync(CancellationToken.None);
            }
        });
    }

    [FactNeeding(Need.RedisServer)]
    public async Task A_thousand_large_overviews_on_a_stream_that_nobody_reads_harm_nobody()
    {
        await using var suite = await HostileSuite.StartAsync();
        await PlaceLargeOrdersAsync(suite);

        await HarmAsync(suite, async connections =>
        {
            var connection = await Http2Connection.OpenAsync(new Uri(suite.Gateway.Address).Port, CancellationToken.None, initialWindow: 0, from: Stranger);
            connections.Add(connection);
            connection.Request(1, "/gateway.v1.GatewayService/WatchOverview");
            for (var i = 1u; i <= 1_000; i++)
            {
                var subscribe = new WatchOverviewRequest { Subscribe = new() { SubscriptionId = i, Key = "heavy" }, OrderLimit = 100 };
                connection.Write(FrameType.Data, 0, 1, GrpcSender.Frame(subscribe.ToByteArray()));
            }

            await connection.SendAsync(CancellationToken.None);
        });
    }

    [FactNeeding(Need.RedisServer)]
    public async Task Requests_sent_ahead_behind_event_streams_harm_nobody()
    {
        const int Connections = 300;
        await using var suite = await HostileSuite.StartAsync();
        using var channel = Tokens.Channel(suite.Users.Address);
        await new UsersService.UsersServiceClient(channel).CreateUserAsync(new() { UserId = "ada", DisplayName = "Ada", Email = "ada@example.com" });

        // The stream goes on for good, so that none of the others is served.
        var request = Encoding.ASCII.GetBytes($"GET /v1/users/ada/events HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {Tokens.Authority.Person("ada")}\r\n\r\n"
            + string.Concat(Enumerable.Repeat("GET /v1/users/ada HTTP/1.1\r\nHost: gateway\r\n\r\n", 24_000)));
        await HarmAsync(suite, async connections =>
        {
            for (var i = 0; i < Connections; i++)
            {
                var connection = await RawConnection.OpenAsync(suite.Gateway.HttpPort, Stranger);
                connections.Add(connection);
                connection.Send(request);
            }
        });
    }

    private async Task HarmAsync(HostileSuite suite, Func<List<IAsyncDisposable>, Task> ask)
    {
        await using var pace = await GoodCallersPace.StartAsync(suite, "answers that nobody reads");
        print.WriteLine(await pace.CompareAsync(ask, async () => await UnreadAsync(suite) == 0));
        pace.RequireUnharmed();
    }

    private static async Task<double> UnreadAsync(HostileSuite suite) =>
        (await Task.WhenAll(suite.All.Select(process => process.MetricAsync("answers_unread_bytes")))).Sum();

    // 520 orders of 100 lines.
    private static async Task PlaceLargeOrdersAsync(HostileSuite suite)
    {
        using var toUsers = Tokens.Channel(suite.Users.Address);
        await new UsersService.UsersServiceClient(toUsers).CreateUserAsync(new() { UserId = "heavy", DisplayName = "Heavy", Email = "heavy@example.com" });
        using var channel = Tokens.Channel(suite.Orders.Address);
        var orders = new OrdersService.OrdersServiceClient(channel);
        var request = new PlaceOrderRequest { UserId = "heavy" };
        for (var i = 0; i < 100; i++)
            request.Lines.Add(new OrderLine { ProductId = new string('p', 60) + i.ToString(CultureInfo.InvariantCulture), Quantity = 1, UnitPrice = new() { CurrencyCode = "EUR", Units = 1 } });
        await Parallel.ForEachAsync(Enumerable.Range(0, 520), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (_, cancellationToken) =>
            await orders.PlaceOrderAsync(request, deadline: DateTime.UtcNow + Eventually.Timeout, cancellationToken: cancellationToken));
    }
}
