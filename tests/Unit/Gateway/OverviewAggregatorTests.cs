using System.Diagnostics.Metrics;
using Grpc.Core;
using Microservices.Gateway;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;
using Microservices.Hosting.Auth;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Gateway;

public sealed class OverviewAggregatorTests
{
    private static readonly OverviewQuery Query = new("ada", Strict: false, OrderLimit: 10);
    private static readonly Asker Ada = new("Bearer token", new Rights("ada", "ada"));
    private readonly FakeTimeProvider time = new();
    private readonly GatewayOptions options = new();
    private readonly IMeterFactory meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();

    [Theory]
    [InlineData(60_000, 59_750)]
    [InlineData(2_500, 2_250)]
    [InlineData(1_000, 900)]
    [InlineData(10, 9)]
    public async Task The_parts_have_until_a_little_before_the_deadline(double milliseconds, double expected)
    {
        var sources = new Sources { User = (_, _) => Task.FromResult(new User()), Orders = (_, _) => Task.FromResult(new LatestOrders()) };
        var now = time.GetUtcNow().UtcDateTime;

        await Aggregator(sources).GetAsync(Query, Ada, now.AddMilliseconds(milliseconds), default);

        Assert.Equal([expected, expected], sources.Deadlines.Select(deadline => (deadline - now).TotalMilliseconds));
    }

    [Fact]
    public async Task A_part_that_fails_in_a_way_nobody_expected_fails_alone()
    {
        var sources = new Sources { User = (_, _) => Task.FromResult(new User()), Orders = (_, _) => throw new InvalidOperationException("secret") };

        var result = await Aggregator(sources).GetAsync(Query, Ada, time.GetUtcNow().UtcDateTime.AddSeconds(1), default);

        Assert.Null(result.Failure);
        Assert.False(result.Complete);
        Assert.Equal(PartStatus.Error, result.Orders.Status);
        Assert.Equal((int)StatusCode.Internal, result.Orders.Error!.Code);
        Assert.DoesNotContain("secret", result.Orders.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_part_is_counted_as_it_came_out_but_not_what_is_wrong_with_the_request()
    {
        var sources = new Sources
        {
            User = (_, _) => throw new RpcException(new Status(StatusCode.NotFound, "")),
            Orders = (_, _) => throw new RpcException(new Status(StatusCode.DeadlineExceeded, "")),
        };
        var metrics = new OverviewMetrics(meters);
        await Aggregator(sources, metrics).GetAsync(Query, Ada, time.GetUtcNow().UtcDateTime.AddSeconds(1), default);
        await Aggregator(sources with { User = (_, _) => Task.FromResult(new User()) }, metrics).GetAsync(Query, Ada, time.GetUtcNow().UtcDateTime.AddSeconds(1), default);

        var counted = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters) && instrument.Name == "gateway.overview.parts")
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => counted.AddRange(Enumerable.Repeat($"{tags[0].Value} {tags[1].Value}", (int)value)));
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(["user ok", "orders timeout", "orders timeout"], counted);
    }

    [Fact]
    public async Task The_first_required_part_to_fail_decides_and_cancels_the_other()
    {
        var sources = new Sources
        {
            User = async (_, token) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
                return new User();
            },
            Orders = (_, _) => throw new RpcException(new Status(StatusCode.Unavailable, "secret")),
        };

        var result = await Aggregator(sources).GetAsync(Query with { Strict = true }, Ada, time.GetUtcNow().UtcDateTime.AddSeconds(1), default);

        Assert.Equal((int)StatusCode.Unavailable, result.Failure!.Code);
    }

    [Fact]
    public async Task A_caller_who_is_gone_gets_no_result()
    {
        using var caller = new CancellationTokenSource();
        var sources = new Sources
        {
            User = async (_, token) =>
            {
                await caller.CancelAsync();
                throw new RpcException(new Status(StatusCode.Cancelled, ""));
            },
            Orders = (_, _) => Task.FromResult(new LatestOrders()),
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Aggregator(sources).GetAsync(Query, Ada, time.GetUtcNow().UtcDateTime.AddSeconds(1), caller.Token));
    }

    [Fact]
    public async Task What_is_known_to_be_current_is_given_to_who_may_see_it_and_a_service_decides_about_others()
    {
        var sources = new Sources { User = (_, _) => Task.FromResult(new User()), Orders = (_, _) => Task.FromResult(new LatestOrders()) };
        var aggregator = Aggregator(sources);
        var soon = time.GetUtcNow().UtcDateTime.AddSeconds(1);
        await aggregator.GetAsync(Query, Ada, soon, default);
        await aggregator.GetAsync(Query, Ada, soon, default);
        await aggregator.GetAsync(Query, new Asker("Bearer operators", Rights.OfProcess), soon, default);
        Assert.Equal(["token", "token"], sources.Tokens);

        await aggregator.GetAsync(Query, new Asker("Bearer bobs", new Rights("bob", "bob")), soon, default);

        Assert.Equal(["token", "token", "bobs", "bobs"], sources.Tokens);
    }

    [Fact]
    public void A_deadline_is_the_callers_within_bounds()
    {
        var options = new GatewayOptions();
        var now = time.GetUtcNow().UtcDateTime;
        Assert.Equal(now.AddSeconds(10), options.Deadline(time, DateTime.MaxValue));
        Assert.Equal(now.AddSeconds(60), options.Deadline(time, now.AddHours(1)));
        Assert.Equal(now.AddSeconds(3), options.Deadline(time, now.AddSeconds(3)));
        Assert.Equal(now.AddSeconds(10), options.Deadline(time, (TimeSpan?)null));
        Assert.Equal(now.AddSeconds(60), options.Deadline(time, TimeSpan.FromDays(999)));
    }

    private OverviewAggregator Aggregator(Sources sources, OverviewMetrics? metrics = null) =>
        new(sources, Known<User>(), Known<LatestOrders>(), metrics ?? new OverviewMetrics(meters), time, NullLogger<OverviewAggregator>.Instance);

    private ResponseCache<T> Known<T>()
        where T : class
    {
        // As if the service had just said that nothing has changed.
        var clock = new InvalidationClock<T>(Options.Create(options), time);
        clock.Verify(time.GetTimestamp());
        return new(clock, Options.Create(options), time);
    }

    private sealed record Sources : IOverviewSources
    {
        public required Func<string, CancellationToken, Task<User>> User { get; init; }

        public required Func<string, CancellationToken, Task<LatestOrders>> Orders { get; init; }

        public List<DateTime> Deadlines { get; } = [];

        public List<string> Tokens { get; } = [];

        public async Task<Answer<User>> GetUserAsync(string userId, PartQuestion<User> question, CancellationToken cancellationToken)
        {
            Deadlines.Add(question.Deadline);
            Tokens.Add(question.Asker.Token);
            return new(await User(userId, cancellationToken), 0, 0);
        }

        public async Task<Answer<LatestOrders>> GetOrdersAsync(
            string userId, int limit, PartQuestion<LatestOrders> question, CancellationToken cancellationToken)
        {
            Deadlines.Add(question.Deadline);
            Tokens.Add(question.Asker.Token);
            return new(await Orders(userId, cancellationToken), 0, 0);
        }

        public void Together(Action ask) => ask();
    }
}
