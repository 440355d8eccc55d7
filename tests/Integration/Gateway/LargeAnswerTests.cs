using System.Net;
using System.Text.Json;
using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Hosting.Admission;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Small requests whose answers are large: what the gateway holds of them is bounded, whoever asks and however slowly they read.</summary>
public sealed class LargeAnswerTests : IAsyncLifetime, IDisposable
{
    private const int MiB = 1 << 20;

    // A machine that is busy is no backend that is overloaded, nor a caller that is too slow: here neither is what is tested.
    private static readonly (string Key, string Value)[] Unhurried =
    [
        ("Backends:Users:MinConcurrency", "1000"), ("Backends:Users:MaxConcurrency", "1000"),
        ("Backends:Orders:MinConcurrency", "1000"), ("Backends:Orders:MaxConcurrency", "1000"),
        ("Gateway:DefaultTimeout", "00:01:00"), ("LookupOverviews:WriteTimeout", "00:02:00"),
    ];

    private readonly GatewayFixture gateway = new();
    private readonly LatestOrders large = new();

    public LargeAnswerTests()
    {
        for (var i = 0; i < 40; i++)
        {
            var order = GatewayFixture.Order($"order-{i}", "");
            for (var line = 0; line < 100; line++)
                order.Lines.Add(new OrderLine(order.Lines[0]) { ProductId = new string('p', 64) });
            large.Orders.Add(order);
        }
    }

    public async Task InitializeAsync()
    {
        foreach (var (key, value) in Unhurried)
            gateway.Settings[key] = value;
        await gateway.InitializeAsync();
        gateway.Orders.OnList = (request, _) =>
        {
            if (request.UserId == "small")
                return Task.FromResult(new ListOrdersResponse());
            var response = new ListOrdersResponse { Orders = { large.Orders.Clone() } };
            foreach (var order in response.Orders)
                order.UserId = request.UserId;
            return Task.FromResult(response);
        };
    }

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Fact]
    public async Task A_batch_that_is_too_large_has_as_many_overviews_as_fit_and_says_of_each_other_why_it_has_not()
    {
        Assert.InRange(large.CalculateSize(), MiB / 4, MiB / 2);

        var response = await gateway.Rest.PostAsync("/v1/overviews:batchGet", Http.Body(Batch(100)));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Headers.CacheControl?.NoStore);
        Assert.InRange((await response.Content.ReadAsByteArrayAsync()).Length, MiB, 16 * MiB);
        var found = (await response.JsonAsync()).GetProperty("overviews").EnumerateArray().ToArray();
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"u{i}"), found.Select(one => one.Text("userId")));
        var whole = found.Count(one => one.TryGetProperty("overview", out var overview) && overview.GetProperty("complete").GetBoolean());
        Assert.InRange(whole, 5, 16);
        var problems = found.Where(one => one.TryGetProperty("problem", out _)).Select(one => one.GetProperty("problem")).ToArray();
        Assert.Equal(100 - whole, problems.Length);
        Assert.All(problems, problem =>
        {
            Http.CheckProblem(problem, 422);
            Assert.Equal(("/problems/answer-too-large", "ANSWER_TOO_LARGE"), (problem.Text("type"), problem.Text("reason")));
        });
        await NothingIsHeldAsync(gateway.Gateway);
    }

    [Fact]
    public async Task Callers_that_do_not_read_take_no_more_than_the_bound_and_are_cut_off_while_others_get_their_overviews()
    {
        await using var other = AnotherGateway(("Gateway:WriteTimeout", "00:00:05"), ("Admission:MaxUnreadBytes", $"{16 * MiB}"), ("Gateway:MaxBatchBytes", $"{64 * MiB}"));
        var budget = other.Services.GetRequiredService<AnswerBudget>();
        var batch = Batch(100);
        using var first = new StalledCaller(other, IPAddress.Loopback, batch);
        using var second = new StalledCaller(other, IPAddress.Loopback, batch);
        // What the network's own buffers take, some MiB, is no longer the gateway's; as JSON it is several times as much as is counted here.
        await Eventually.UntilAsync(() => budget.Taken > 0, "answers wait for their readers");

        for (var i = 0; i < 20; i++)
        {
            Assert.InRange(budget.Taken, 0, 16 * MiB);
            Assert.Equal(HttpStatusCode.OK, (await other.Rest.GetAsync("/v1/users/small/overview")).StatusCode);
            Assert.Equal("small", (await new GatewayService.GatewayServiceClient(other.Channel).GetOverviewAsync(new() { UserId = "small" })).Overview.UserId);
        }

        await NothingIsHeldAsync(other);
        Assert.Equal(HttpStatusCode.OK, (await other.Rest.GetAsync("/v1/users/u1/overview?orderLimit=50")).StatusCode);
    }

    [Fact]
    public async Task One_that_holds_all_the_room_there_is_loses_an_answer_to_another_that_has_none()
    {
        await using var other = AnotherGateway(("Gateway:WriteTimeout", "00:02:00"), ("Admission:MaxUnreadBytes", $"{16 * MiB}"), ("Gateway:MaxBatchBytes", $"{64 * MiB}"));
        var budget = other.Services.GetRequiredService<AnswerBudget>();
        using var greedy = new StalledCaller(other, IPAddress.Parse("127.0.0.2"), Batch(100));
        await Eventually.UntilAsync(() => budget.Taken > 10 * MiB, "one holds more than its share, also when the network's buffers have taken some of it");
        var rest = new List<QuotaHold>();
        await Eventually.UntilAsync(
            async () =>
            {
                // What is left is taken, too, by others, none of which holds more than its share: what there is, so that none has to lose any for it.
                for (long room; (room = (16 * MiB) - budget.Taken) > MiB / 8;)
                    rest.Add(Take(budget, rest.Count, Math.Min(room, MiB)));
                var answer = await other.Rest.GetAsync("/v1/users/u1/overview?orderLimit=50");
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Equal(40, (await answer.JsonAsync()).GetProperty("orders").GetProperty("data").GetArrayLength());
                return budget.Taken < 8 * MiB;
            },
            "the one has lost its answer");
        await Eventually.UntilAsync(greedy.IsCut, "its connection is cut");
        rest.ForEach(hold => hold.Dispose());
        await NothingIsHeldAsync(other);
    }

    [Theory]
    [InlineData("/v1/users/u1/overview?orderLimit=1")]
    [InlineData("/v1/users/u1/overview?orderLimit=1&fields=orders")]
    [InlineData("/v1/users/u1/orders?pageSize=1")]
    public async Task An_answer_of_some_kilobytes_is_counted_too(string path)
    {
        await using var other = AnotherGateway(("Admission:MaxUnreadBytes", $"{MiB}"));
        gateway.Orders.OnList = (request, _) => Task.FromResult(new ListOrdersResponse
        {
            Orders = { new Order(large.Orders[0]) { UserId = request.UserId } },
        });
        var budget = other.Services.GetRequiredService<AnswerBudget>();
        Assert.InRange(large.Orders[0].CalculateSize(), AnswerBudget.SmallAnswer, 3 * AnswerBudget.SmallAnswer);
        Assert.Equal(HttpStatusCode.OK, (await other.Rest.GetAsync(path)).StatusCode);
        await NothingIsHeldAsync(other);

        var holds = Enumerable.Range(1, 4).Select(i => Take(budget, i, MiB / 4)).ToList();
        Assert.Equal("TOO_MUCH_UNREAD", (await (await other.Rest.GetAsync(path)).ProblemAsync(503)).Text("reason"));
        holds.ForEach(hold => hold.Dispose());
    }

    [Theory]
    [InlineData("/v1/users/u1/overview?orderLimit=50")]
    [InlineData("/v1/users/u1/overview?orderLimit=50&fields=orders")]
    [InlineData("/v1/users/u1/orders?pageSize=50")]
    public async Task A_large_answer_comes_whole_and_is_refused_while_too_much_waits(string path)
    {
        await using var other = AnotherGateway(("Admission:MaxUnreadBytes", $"{2 * MiB}"));
        var whole = await other.Rest.GetStringAsync(path);
        Assert.True(whole.Length > MiB / 2);
        Assert.Equal(40, JsonDocument.Parse(whole).RootElement.GetProperty("orders") is { ValueKind: JsonValueKind.Object } part
            ? part.GetProperty("data").GetArrayLength()
            : JsonDocument.Parse(whole).RootElement.GetProperty("orders").GetArrayLength());
        await NothingIsHeldAsync(other);

        var budget = other.Services.GetRequiredService<AnswerBudget>();
        using (Take(budget, 1, MiB / 2))
        using (Take(budget, 2, MiB / 2))
        using (Take(budget, 3, MiB / 2))
        using (Take(budget, 4, MiB / 2))
        {
            Assert.Equal(2 * MiB, budget.Taken);
            var refused = await other.Rest.GetAsync(path);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal("TOO_MUCH_UNREAD", (await refused.ProblemAsync(503)).Text("reason"));
            Assert.Equal(HttpStatusCode.OK, (await other.Rest.GetAsync("/v1/users/small/overview")).StatusCode);
        }

        Assert.Equal(whole, await other.Rest.GetStringAsync(path));
    }

    [Fact]
    public async Task A_call_stream_whose_caller_does_not_read_holds_no_more_than_its_share_and_goes_on_when_it_does()
    {
        const int Calls = 100;
        await using var other = AnotherGateway(("LookupOverviews:Credit", "256"));
        var budget = other.Services.GetRequiredService<AnswerBudget>();
        using var stream = new GatewayService.GatewayServiceClient(other.Channel).LookupOverviews();
        await stream.NextAsync();
        for (var i = 0; i < Calls; i++)
            await stream.RequestStream.WriteAsync(new() { Calls = { Large((ulong)i) } });
        await Eventually.UntilAsync(() => budget.Taken > 2 * MiB, "answers wait for their reader");
        Assert.InRange(budget.Taken, 0, 4 * MiB);
        Assert.Equal(HttpStatusCode.OK, (await other.Rest.GetAsync("/v1/users/u1/overview?orderLimit=50")).StatusCode);

        var answers = await AnswersAsync(stream, Calls);
        Assert.Equal(Calls, answers.Select(answer => answer.CallId).Distinct().Count());
        Assert.All(answers, answer => Assert.True(answer.Error is { } error ? error.Code == (int)StatusCode.ResourceExhausted : answer.Overview.Orders.Orders.Count == 40));
        Assert.InRange(answers.Count(answer => answer.Error is null), 5, Calls - 1);
        await NothingIsHeldAsync(other);

        await stream.RequestStream.WriteAsync(new() { Calls = { Large(Calls) } });
        Assert.Equal(40, (await AnswersAsync(stream, 1)).Single().Overview.Orders.Orders.Count);
        await NothingIsHeldAsync(other);
    }

    [Fact]
    public async Task What_a_call_stream_held_is_given_back_when_it_ends_unread()
    {
        var budget = gateway.Gateway.Services.GetRequiredService<AnswerBudget>();
        using (var stream = gateway.Grpc.LookupOverviews())
        {
            await stream.NextAsync();
            for (var i = 0; i < 4; i++)
                await stream.RequestStream.WriteAsync(new() { Calls = { Large((ulong)i) } });
            await Eventually.UntilAsync(() => budget.Taken > 0, "answers wait for their reader");
        }

        await NothingIsHeldAsync(gateway.Gateway);
    }

    private static LookupOverviewsCall Large(ulong id) => new() { CallId = id, Overview = new() { UserId = $"u{id}", OrderLimit = 50 } };

    private static async Task<List<LookupOverviewsResult>> AnswersAsync(AsyncDuplexStreamingCall<LookupOverviewsRequest, LookupOverviewsResponse> stream, int count)
    {
        var answers = new List<LookupOverviewsResult>();
        while (answers.Count < count)
            answers.AddRange((await stream.NextAsync()).Results);
        return answers;
    }

    private static string Batch(int users) => JsonSerializer.Serialize(new { userIds = Enumerable.Range(0, users).Select(i => $"u{i}"), orderLimit = 50 });

    private GatewayFactory AnotherGateway(params (string Key, string Value)[] settings) => gateway.AnotherGateway([.. Unhurried, .. settings]);

    private static QuotaHold Take(AnswerBudget budget, int caller, long bytes)
    {
        var hold = budget.Begin(new DefaultHttpContext { Connection = { Id = $"{caller}", RemoteIpAddress = new IPAddress([10, 0, 0, (byte)caller]) } });
        Assert.True(hold.TryTake(bytes));
        return hold;
    }

    private static Task NothingIsHeldAsync(GatewayFactory replica) =>
        Eventually.UntilAsync(() => replica.Services.GetRequiredService<AnswerBudget>().Taken == 0, "everything taken is given back");
}
