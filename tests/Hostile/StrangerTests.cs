using System.Collections.Concurrent;
using Google.Protobuf;
using Microservices.Gateway.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Hostile.Cases;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.Hostile;

/// <summary>Callers at another address than the good one's that nobody knows: as much as they send, none of it is let in, and the good one keeps its pace.</summary>
public sealed class StrangerTests(ITestOutputHelper print)
{
    private const int AtATime = 16;
    private const int LeastRefused = 1_000;
    private const int DistinctTokens = 5_000;
    private const int LargeHeader = 64 << 10;

    [FactNeeding(Need.RedisServer)]
    public async Task A_stranger_without_a_token_floods_calls_requests_and_streams_and_harms_nobody()
    {
        await using var suite = await HostileSuite.StartAsync();
        var order = GrpcSender.Frame(new PlaceOrderRequest { UserId = "the-good-one", Lines = { Enumerable.Repeat(new OrderLine { ProductId = new string('p', 60), Quantity = 1 }, 100) } }.ToByteArray());
        var orders = GrpcSender.Frame(new WatchOrdersRequest { Subscribe = new() { SubscriptionId = 1, Key = "the-good-one", Snapshot = true } }.ToByteArray());
        var overview = GrpcSender.Frame(new WatchOverviewRequest { Subscribe = new() { SubscriptionId = 1, Key = "the-good-one" } }.ToByteArray());
        await RequireRefusedAsync(suite, "a stranger without a token", () =>
        [
            new(AtATime, _ => StrangerFlood.Call(suite.Orders.Address, "/orders.v1.OrdersService/PlaceOrder", order, null)),
            new(AtATime, i => StrangerFlood.Get(suite.Gateway.HttpPort, i % 2 == 0 ? "/v1/users/the-good-one/overview" : "/v1/users/the-good-one/events", null)),
            new(AtATime, i => i % 2 == 0
                ? StrangerFlood.Call(suite.Orders.Address, "/orders.v1.OrdersService/WatchOrders", orders, null)
                : StrangerFlood.Call(suite.Gateway.Address, "/gateway.v1.GatewayService/WatchOverview", overview, null)),
        ]);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task Thousands_of_distinct_tokens_that_are_not_valid_harm_nobody()
    {
        await using var suite = await HostileSuite.StartAsync();
        var random = new Random(DistinctTokens);
        string[] costly = [.. Enumerable.Range(0, DistinctTokens).Select(_ => $"Bearer {HostileTokens.Costly(random)}")];
        string[] all = [.. Enumerable.Range(0, DistinctTokens).Select(_ => HostileTokens.Next(random)).Where(token => token.IsHttp && token.Value.Length > 0).Select(token => token.Value)];
        var large = $"Bearer {new string('a', LargeHeader)}";
        var user = GrpcSender.Frame(new Microservices.Users.V1.GetUserRequest { UserId = "the-good-one" }.ToByteArray());
        await RequireRefusedAsync(suite, "a stranger with tokens that are not valid", () =>
        [
            new(AtATime, i => StrangerFlood.Call(suite.Users.Address, "/users.v1.UsersService/GetUser", user, costly[i % costly.Length])),
            new(AtATime, i => StrangerFlood.Get(suite.Gateway.HttpPort, "/v1/users/the-good-one/overview", all[i % all.Length])),
            new(AtATime / 4, i => StrangerFlood.Get(suite.Gateway.HttpPort, "/v1/users/the-good-one", large)),
            new(AtATime / 4, i => StrangerFlood.Call(suite.Gateway.Address, "/gateway.v1.GatewayService/GetOverview", user, large)),
        ]);
    }

    private async Task RequireRefusedAsync(HostileSuite suite, string what, Func<StrangerFlood[]> begin)
    {
        var floods = new ConcurrentBag<StrangerFlood>();
        await using var pace = await GoodCallersPace.StartAsync(suite, what);
        var measured = await pace.CompareAsync(
            others =>
            {
                foreach (var flood in begin())
                {
                    floods.Add(flood);
                    others.Add(flood);
                }

                return Task.CompletedTask;
            },
            () => Task.FromResult(true));
        var (refused, letIn) = (floods.Sum(flood => flood.Refused), floods.Sum(flood => flood.LetIn));
        print.WriteLine($"{refused} refused; {measured}");
        Assert.Equal(0, letIn);
        Assert.InRange(refused, LeastRefused, long.MaxValue);
        pace.RequireUnharmed();
    }
}
