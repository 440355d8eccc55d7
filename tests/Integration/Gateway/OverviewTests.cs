using System.Diagnostics;
using System.Net;
using Google.Rpc;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Xunit.Abstractions;

namespace Microservices.Tests.Integration.Gateway;

public sealed class OverviewTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;
    private readonly ITestOutputHelper output;

    public OverviewTests(GatewayFixture gateway, ITestOutputHelper output)
    {
        this.gateway = gateway;
        this.output = output;
        gateway.Reset();
    }

    [Fact]
    public async Task An_overview_has_the_user_and_the_orders()
    {
        var response = await gateway.Rest.GetAsync("/v1/users/ada/overview");

        var overview = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Null(response.Headers.CacheControl);
        Assert.Equal("""
            {"userId":"ada","complete":true,"user":{"status":"ok","data":{"userId":"ada","displayName":"Ada Lovelace","email":"ada@example.com","version":3,"createTime":"2026-01-31T12:00:00Z","updateTime":"2026-01-31T12:00:00.001002Z"}},"orders":{"status":"ok","data":[{"orderId":"o1","userId":"ada","state":"paid","lines":[{"productId":"tea","quantity":2,"unitPrice":{"amount":"6.25","currency":"EUR"},"discountBasisPoints":0,"total":{"amount":"12.50","currency":"EUR"}}],"total":{"amount":"12.50","currency":"EUR"},"version":2,"placeTime":"2026-01-31T12:00:00Z","updateTime":"2026-01-31T13:00:00Z"}]}}
            """, overview.GetRawText());
    }

    [Fact]
    public async Task What_has_not_changed_is_not_sent_again_and_what_has_is_there_at_once()
    {
        gateway.Users.ETag = gateway.Orders.ETag = 7;
        var first = await gateway.Rest.GetStringAsync("/v1/users/known/overview");
        gateway.Users.OnGet = (_, _) => throw new InvalidOperationException("not asked for");
        gateway.Orders.OnList = (_, _) => throw new InvalidOperationException("not asked for");
        Assert.Equal(first, await gateway.Rest.GetStringAsync("/v1/users/known/overview"));
        var message = (await gateway.Grpc.GetOverviewAsync(new() { UserId = "known" })).Overview;
        Assert.Equal(("known", 1), (message.User.UserId, message.Orders.Orders.Count));

        gateway.Orders.ETag = 8;
        gateway.Orders.OnList = (_, _) => Task.FromResult(new ListOrdersResponse());
        using var changed = await gateway.Rest.GetAsync("/v1/users/known/overview");
        var overview = await changed.JsonAsync();
        Assert.Equal("ok", overview.GetProperty("user").Text("status"));
        Assert.Equal(0, overview.GetProperty("orders").GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task A_service_that_says_unchanged_to_who_knows_nothing_fails_its_part()
    {
        gateway.Orders.ETag = 7;
        gateway.Orders.LiesAboutETags = true;

        using var response = await gateway.Rest.GetAsync("/v1/users/unknown/overview");

        Assert.Equal("error", (await response.JsonAsync()).GetProperty("orders").Text("status"));
    }

    [Fact]
    public async Task Both_parts_are_in_flight_at_the_same_time()
    {
        var (user, orders) = gateway.Hold();

        var answer = gateway.Rest.GetAsync("/v1/users/ada/overview");
        // Neither is answered before both have arrived: one after the other would wait for ever.
        await user.Arrived;
        await orders.Arrived;
        user.Release();
        orders.Release();

        Assert.True((await (await answer).JsonAsync()).GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task The_parts_get_what_is_left_of_the_callers_deadline()
    {
        var (user, orders) = gateway.Hold();

        var answer = gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/ada/overview", header: ("Request-Timeout", "30"));
        var left = new[] { (await user.Arrived).Deadline, (await orders.Arrived).Deadline }.Select(deadline => deadline - DateTime.UtcNow);
        Assert.All(left, part => Assert.InRange(part.TotalSeconds, 1, 30));
        user.Release();
        orders.Release();
        await answer;
    }

    [Theory]
    [InlineData("1000000", 60)]
    [InlineData(null, 10)]
    public async Task The_gateway_bounds_the_deadline_by_itself(string? timeout, double seconds)
    {
        var deadline = new TaskCompletionSource<DateTime>();
        gateway.Users.OnGet = (request, context) =>
        {
            deadline.TrySetResult(context.Deadline);
            return Task.FromResult(new GetUserResponse { User = GatewayFixture.User(request.UserId) });
        };

        await gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/ada/overview", header: timeout is null ? null : ("Request-Timeout", timeout));
        Assert.InRange(((await deadline.Task) - DateTime.UtcNow).TotalSeconds, seconds / 2, seconds);
    }

    [Fact]
    public async Task Orders_that_are_too_slow_leave_a_partial_answer_within_the_deadline()
    {
        var (user, orders) = gateway.Hold();
        user.Release();

        var response = await gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/ada/overview", header: ("Request-Timeout", "0.3"));

        var overview = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Headers.CacheControl?.NoStore);
        Assert.False(overview.GetProperty("complete").GetBoolean());
        Assert.Equal("timeout", overview.GetProperty("orders").Text("status"));
        Http.CheckProblem(overview.GetProperty("orders").GetProperty("problem"), 504);
        await orders.Cancelled;
    }

    [Fact]
    public async Task A_user_that_cannot_be_had_cancels_the_orders_at_once()
    {
        var orders = new HeldCall();
        gateway.Orders.OnList = async (_, context) =>
        {
            await orders.HoldAsync(context);
            return new ListOrdersResponse();
        };
        gateway.Users.OnGet = async (_, _) =>
        {
            await orders.Arrived;
            throw GatewayFixture.Contract("users.v1", StatusCode.NotFound, "NOT_FOUND", "There is no user with id 'ada'.");
        };

        var problem = await (await gateway.Rest.GetAsync("/v1/users/ada/overview")).ProblemAsync(404);

        Assert.Equal("There is no user with id 'ada'.", problem.Text("detail"));
        Assert.Equal("NOT_FOUND", problem.Text("reason"));
        await orders.Cancelled;
    }

    [Fact]
    public async Task A_caller_who_hangs_up_cancels_both_parts_within_milliseconds()
    {
        var (user, orders) = gateway.Hold();
        using var caller = new CancellationTokenSource();

        var answer = gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/ada/overview", cancellationToken: caller.Token);
        await user.Arrived;
        await orders.Arrived;
        var gone = Stopwatch.GetTimestamp();
        await caller.CancelAsync();
        var seen = Stopwatch.GetElapsedTime(gone, Math.Max(await user.Cancelled, await orders.Cancelled));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        output.WriteLine($"both backends saw the caller gone after {seen.TotalMilliseconds:0.0} ms");
        // Meant to be under 100 ms; ten times that for a busy machine.
        Assert.True(seen < TimeSpan.FromSeconds(1), $"took {seen}");
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument, 400)]
    [InlineData(StatusCode.OutOfRange, 400)]
    [InlineData(StatusCode.Unauthenticated, 401)]
    [InlineData(StatusCode.PermissionDenied, 403)]
    [InlineData(StatusCode.NotFound, 404)]
    [InlineData(StatusCode.AlreadyExists, 409)]
    [InlineData(StatusCode.Aborted, 409)]
    [InlineData(StatusCode.FailedPrecondition, 422)]
    [InlineData(StatusCode.ResourceExhausted, 503)]
    [InlineData(StatusCode.Cancelled, 503)]
    [InlineData(StatusCode.Unavailable, 503)]
    [InlineData(StatusCode.DeadlineExceeded, 504)]
    [InlineData(StatusCode.Internal, 502)]
    [InlineData(StatusCode.Unknown, 502)]
    [InlineData(StatusCode.Unimplemented, 502)]
    [InlineData(StatusCode.DataLoss, 502)]
    public async Task A_required_part_that_fails_is_the_mapped_problem_without_its_text(StatusCode code, int status)
    {
        foreach (var error in (RpcException[])[GatewayFixture.Internal(code), GatewayFixture.Contract("suite", code, "HIDDEN", GatewayFixture.Secret)])
        {
            gateway.Users.OnGet = (_, _) => throw error;
            var problem = await (await gateway.Rest.GetAsync("/v1/users/ada/overview")).ProblemAsync(status);
            Assert.NotEqual("HIDDEN", problem.Text("reason"));

            gateway.Users.OnGet = (_, _) => throw error;
            await (await gateway.Rest.GetAsync("/v1/users/ada")).ProblemAsync(status);
        }
    }

    [Fact]
    public async Task The_text_of_a_failure_stays_inside_even_when_a_contract_gives_it()
    {
        gateway.Users.OnGet = (_, _) => throw GatewayFixture.Contract("users.v1", StatusCode.Unavailable, "DATABASE_UNAVAILABLE", GatewayFixture.Secret);
        await (await gateway.Rest.GetAsync("/v1/users/ada/overview")).ProblemAsync(503);
    }

    [Fact]
    public async Task The_callers_own_quota_is_429_and_says_when_to_come_back()
    {
        var status = new ErrorDomain("users.v1").Exhausted("QUOTA", GatewayFixture.Secret);
        status.Details.Add(Google.Protobuf.WellKnownTypes.Any.Pack(new QuotaFailure()));
        status.Details.Add(Google.Protobuf.WellKnownTypes.Any.Pack(new RetryInfo { RetryDelay = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(6.5)) }));
        gateway.Users.OnGet = (_, _) => throw status.ToRpcException();

        var response = await gateway.Rest.GetAsync("/v1/users/ada/overview");

        await response.ProblemAsync(429);
        Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter?.Delta);
    }

    [Theory]
    [InlineData("", 10)]
    [InlineData("?orderLimit=0", 10)]
    [InlineData("?orderLimit=3", 3)]
    [InlineData("?orderLimit=2147483647", 100)]
    public async Task The_order_limit_is_the_page_size(string query, int expected)
    {
        ListOrdersRequest? asked = null;
        gateway.Orders.OnList = (request, _) =>
        {
            asked = request;
            return Task.FromResult(new ListOrdersResponse());
        };

        await (await gateway.Rest.GetAsync("/v1/users/ada/overview" + query)).JsonAsync();

        Assert.Equal(new ListOrdersRequest { UserId = "ada", PageSize = expected }, asked);
    }
}
