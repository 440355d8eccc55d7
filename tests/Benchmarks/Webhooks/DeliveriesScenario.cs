using System.Diagnostics;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Client = Microservices.Webhooks.V1.WebhooksService.WebhooksServiceClient;

namespace Microservices.Tests.Benchmarks.Webhooks;

/// <summary>How fast webhooks go out, by the side of a loop that only posts; and what one endpoint that never answers does to 99 that do.</summary>
internal static class DeliveriesScenario
{
    private const int AtATime = 8;
    private const int Endpoints = 100;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        var count = plan.Of(4_000, smoke: 64);
        var perSecond = plan.Of(100, smoke: 20);
        var report = new Report("deliveries", $"{count:N0} messages that wait, to 1 endpoint and to 16, from when they are enabled to the last one's arrival; each is kept, signed, sent, and what came of it committed (SQLite). The limit: HttpClient posting the same body, signed as well, one after the other and {AtATime} at a time, to the same receiver. Then {perSecond} orders a second, of as many users as there are endpoints ({Endpoints}), and one of these does not answer.", plan);
        report.Versions("Grpc.AspNetCore", "Microsoft.EntityFrameworkCore.Sqlite");

        await using var suite = await SuiteProcesses.StartAsync();
        var users = suite.Start("services/Users", "users");
        var orders = suite.Start("services/Orders", "orders", [.. SuiteProcesses.Backend("Users", users)]);
        await suite.UntilReadyAsync();
        var ids = await Seed.UsersAsync(users.Address, Endpoints, cancellationToken);
        var webhooks = suite.Start("services/Webhooks", "webhooks",
            [
                .. SuiteProcesses.Backend("Users", users), .. SuiteProcesses.Backend("Orders", orders), ("Backends__Notifications__Addresses__0", SuiteProcesses.FreeAddress()),
                ("ASPNETCORE_ENVIRONMENT", "Development"), ("Egress__AllowHttp", "true"), ("Egress__AllowedNetworks__0", "127.0.0.0/8"),
            ]);
        await suite.UntilReadyAsync();
        using var channel = Tokens.Channel(webhooks.Address, LoadToken.Value);
        var client = new Client(channel);
        using var ordersChannel = Tokens.Channel(orders.Address, LoadToken.Value);
        var placer = new OrdersService.OrdersServiceClient(ordersChannel);
        var address = SuiteProcesses.FreeAddress();
        await using var receiver = LoadProcess.Start("receive");
        await using var poster = LoadProcess.Start("post");
        Server[] servers = [new("webhooks", () => webhooks.Pid)];

        var endpoints = new List<Endpoint>();
        for (var i = 0; i < Endpoints; i++)
            endpoints.Add((await client.CreateEndpointAsync(new CreateEndpointRequest { OwnerId = ids[i], Url = $"{address}/{i}", EventTypes = { "order.placed" } }, cancellationToken: cancellationToken)).Endpoint);
        await EnableAsync(endpoints, false);

        var body = "";
        var speed = await Contest.RunAsync(
            plan,
            [Waiting("1 endpoint", 1), Waiting("16 endpoints", 16), Posting("HttpClient, one after the other", 1), Posting($"HttpClient, {AtATime} at a time (limit)", AtATime)],
            cancellationToken);
        var section = report.Add("As fast as they go", speed);
        section.Ratio("deliveries/s", "1 endpoint", "HttpClient, one after the other", Goal.AtLeast(0.5));
        section.Ratio("deliveries/s", "16 endpoints", "HttpClient, one after the other", Goal.AtLeast(0.5));
        section.Ratio("deliveries/s", "16 endpoints", $"HttpClient, {AtATime} at a time (limit)");

        await EnableAsync(endpoints, true);
        var beside = await Contest.RunAsync(plan, [Beside("all answer", null), Beside("one never answers", $"/{Endpoints - 1}")], cancellationToken);
        report.Add("Beside one that never answers", beside).Ratio("p99, ms", "one never answers", "all answer", Goal.AtMost(1.2));
        await report.WriteAsync(cancellationToken);

        Contender Waiting(string name, int at) => new(name, servers, async (_, cancel) =>
        {
            var some = endpoints[..at];
            await Seed.OrdersAsync(orders.Address, ids[..at], count / at, cancel);
            foreach (var endpoint in some)
                await Eventually.UntilAsync(async () => await PendingAsync(endpoint, cancel) >= count / at, "all wait", TimeSpan.FromMinutes(5));
            var started = Stopwatch.GetTimestamp();
            await EnableAsync(some, true);
            var came = await receiver.AskAsync<ReceiveLoadResult>(new ReceiveLoadRequest(address, count / at * at, null), cancel);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            body = came.Body;
            await EnableAsync(some, false);
            return new Figures { ["deliveries/s"] = count / seconds, ["repeated"] = came.Repeated, Operations = count };
        });

        Contender Posting(string name, int atATime) => new(name, [], async (_, cancel) =>
        {
            var posted = await poster.AskAsync<PostLoadResult>(new PostLoadRequest($"{address}/post", body, atATime, count), cancel);
            var came = await receiver.AskAsync<ReceiveLoadResult>(new ReceiveLoadRequest(address, count, null), cancel);
            return new Figures { ["deliveries/s"] = posted.PerSecond, ["repeated"] = came.Repeated };
        });

        Contender Beside(string name, string? hangs) => new(name, servers, async (seconds, cancel) =>
        {
            var expected = Enumerable.Range(0, perSecond * seconds).Count(i => $"/{i % Endpoints}" != hangs);
            var receiving = receiver.AskAsync<ReceiveLoadResult>(new ReceiveLoadRequest(address, expected, hangs), cancel);
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / perSecond));
            for (var i = 0; i < perSecond * seconds; i++)
            {
                await placer.PlaceOrderAsync(Seed.Order(ids[i % Endpoints], 1), cancellationToken: cancel);
                await timer.WaitForNextTickAsync(cancel);
            }

            var came = await receiving;
            return new Figures { ["p50, ms"] = came.Latencies.P50, ["p99, ms"] = came.Latencies.P99, ["repeated"] = came.Repeated, Operations = expected };
        });

        async Task EnableAsync(IEnumerable<Endpoint> some, bool enabled)
        {
            foreach (var endpoint in some)
            {
                var version = (await client.GetEndpointAsync(new GetEndpointRequest { EndpointId = endpoint.EndpointId }, cancellationToken: cancellationToken)).Endpoint.Version;
                await client.UpdateEndpointAsync(new UpdateEndpointRequest { EndpointId = endpoint.EndpointId, Version = version, Enabled = enabled }, cancellationToken: cancellationToken);
            }
        }

        async Task<int> PendingAsync(Endpoint endpoint, CancellationToken cancel)
        {
            var (pending, request) = (0, new ListDeliveriesRequest { EndpointId = endpoint.EndpointId, State = DeliveryState.Pending, PageSize = 500 });
            do
            {
                var page = await client.ListDeliveriesAsync(request, cancellationToken: cancel);
                pending += page.Deliveries.Count;
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
            return pending;
        }
    }
}
