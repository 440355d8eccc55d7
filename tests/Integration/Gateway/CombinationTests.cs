using System.Net;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Gateway;

public sealed class CombinationTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;

    public CombinationTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
    }

    public static TheoryData<string, string, string, bool> Combinations()
    {
        string[] outcomes = ["ok", "error", "timeout", "shed", "malformed"];
        var all = new TheoryData<string, string, string, bool>();
        foreach (var strict in (bool[])[false, true])
        {
            foreach (var user in (string[])[.. outcomes, "not-found"])
            {
                all.Add("user", user, "unasked", strict);
                foreach (var orders in (string[])[.. outcomes, "empty"])
                    all.Add("user,orders", user, orders, strict);
            }

            foreach (var orders in (string[])[.. outcomes, "empty"])
                all.Add("orders", "unasked", orders, strict);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Every_combination_of_parts_and_outcomes_is_a_declared_answer(string fields, string user, string orders, bool strict)
    {
        // Of this overview alone: one that was cancelled in the combination before may arrive as late as now.
        var userId = $"u{Guid.NewGuid():N}";
        var (userLookups, orderLookups) = (0, 0);
        gateway.Users.OnGet = (request, _) =>
        {
            Interlocked.Add(ref userLookups, request.UserId == userId ? 1 : 0);
            return Task.FromResult(new GetUserResponse { User = UserOf(user, request.UserId) });
        };
        gateway.Orders.OnList = (request, _) =>
        {
            Interlocked.Add(ref orderLookups, request.UserId == userId ? 1 : 0);
            return Task.FromResult(OrdersOf(orders, request.UserId));
        };
        var (userProblem, ordersProblem) = (ProblemOf(user), ProblemOf(orders));

        var response = await gateway.Rest.GetAsync($"/v1/users/{userId}/overview?fields={fields}&strict={(strict ? "true" : "false")}");

        // A part that is asked for may be cancelled before its call is there, by another that was required and failed.
        Assert.InRange(userLookups, user == "unasked" || strict ? 0 : 1, user == "unasked" ? 0 : 1);
        Assert.InRange(orderLookups, 0, orders == "unasked" ? 0 : 1);
        int?[] required = strict ? [userProblem, ordersProblem] : [userProblem];
        if (required.Any(problem => problem is not null))
        {
            // Of two that fail, the first to do so is the answer.
            Assert.Contains((int)response.StatusCode, required);
            await response.ProblemAsync((int)response.StatusCode);
            return;
        }

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var overview = await response.JsonAsync();
        Assert.Equal(ordersProblem is null, overview.GetProperty("complete").GetBoolean());
        Assert.Equal(ordersProblem is not null, response.Headers.CacheControl?.NoStore == true);
        Assert.Equal(user != "unasked", overview.TryGetProperty("user", out var userPart));
        if (user != "unasked")
            Assert.Equal("ok", userPart.Text("status"));
        Assert.Equal(orders != "unasked", overview.TryGetProperty("orders", out var part));
        if (orders == "unasked")
            return;

        Assert.Equal(orders switch { "empty" => "ok", "malformed" => "error", _ => orders }, part.Text("status"));
        Assert.Equal(ordersProblem is null, part.TryGetProperty("data", out var data));
        Assert.Equal(ordersProblem is not null, part.TryGetProperty("problem", out var problem));
        if (ordersProblem is { } status)
            Http.CheckProblem(problem, status);
        else
            Assert.Equal(orders == "ok" ? 1 : 0, data.GetArrayLength());
    }

    private static int? ProblemOf(string outcome) => outcome switch
    {
        "not-found" => 404,
        "error" or "malformed" => 502,
        "timeout" => 504,
        "shed" => 503,
        _ => null,
    };

    private static User UserOf(string outcome, string userId) => outcome switch
    {
        "not-found" => throw GatewayFixture.Contract("users.v1", StatusCode.NotFound),
        "malformed" => GatewayFixture.User("somebody-else"),
        "ok" => GatewayFixture.User(userId),
        _ => throw Failure(outcome),
    };

    private static ListOrdersResponse OrdersOf(string outcome, string userId)
    {
        switch (outcome)
        {
            case "ok":
                return new ListOrdersResponse { Orders = { GatewayFixture.Order("o1", userId) } };
            case "empty":
                return new ListOrdersResponse();
            case "malformed":
                var order = GatewayFixture.Order("o1", userId);
                order.PlaceTime.Seconds = long.MaxValue;
                return new ListOrdersResponse { Orders = { order } };
            default:
                throw Failure(outcome);
        }
    }

    private static RpcException Failure(string outcome) => GatewayFixture.Internal(outcome switch
    {
        "timeout" => StatusCode.DeadlineExceeded,
        "shed" => StatusCode.ResourceExhausted,
        _ => StatusCode.Internal,
    });
}
