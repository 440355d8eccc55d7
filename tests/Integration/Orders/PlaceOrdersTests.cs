using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microservices.Tests.Integration.Orders;

public sealed class PlaceOrdersTests(Backends backends) : IClassFixture<Backends>
{
    [Fact]
    public async Task A_bad_command_is_answered_as_such_and_the_stream_goes_on()
    {
        var user = await backends.NewUserAsync();
        using var stream = backends.Orders.PlaceOrders();
        var bad = Backends.AnOrder(user.UserId);
        bad.Lines[0].Quantity = -1;

        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "good 1", Command = Backends.AnOrder(user.UserId) });
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "bad", Command = bad });
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "empty" });
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Command = Backends.AnOrder(user.UserId) });
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "nobody", Command = Backends.AnOrder("nobody") });
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "good 2", Command = Backends.AnOrder(user.UserId) });
        await stream.RequestStream.CompleteAsync();
        var answers = await stream.ResponseStream.ReadAllAsync().ToDictionaryAsync(answer => answer.Reference);

        Assert.Equal(6, answers.Count);
        Assert.NotNull(answers["good 1"].Placed);
        Assert.NotNull(answers["good 2"].Placed);
        Assert.Equal(["lines[0].quantity"], answers["bad"].Error.Fields());
        Assert.Equal(["command"], answers["empty"].Error.Fields());
        Assert.Equal(["reference"], answers[""].Error.Fields());
        Assert.Equal("USER_NOT_FOUND", answers["nobody"].Error.Reason());
        Assert.Equal(2, (await backends.Orders.ListOrdersAsync(new ListOrdersRequest { UserId = user.UserId })).Orders.Count);
    }

    [Fact]
    public async Task Commands_are_answered_while_the_stream_is_open()
    {
        var user = await backends.NewUserAsync();
        using var stream = backends.Orders.PlaceOrders();
        for (var i = 0; i < 3; i++)
        {
            await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = $"{i}", Command = Backends.AnOrder(user.UserId) });
            Assert.True(await stream.ResponseStream.MoveNext(default));
            Assert.Equal($"{i}", stream.ResponseStream.Current.Reference);
        }

        await stream.RequestStream.CompleteAsync();
        Assert.False(await stream.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task A_caller_that_sends_thousands_before_it_reads_is_slowed_down_and_then_answered()
    {
        // Some 6 MB, far more than the windows of HTTP/2 and the queues hold.
        const int Commands = 2_000;
        var user = await backends.NewUserAsync();
        var command = Backends.AnOrder(user.UserId);
        command.Lines[0].ProductId = new string('x', 64);
        command.Lines.AddRange(Enumerable.Range(0, 35).Select(_ => command.Lines[0].Clone()));
        using var stream = backends.Orders.PlaceOrders();
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < Commands; Interlocked.Increment(ref sent))
                await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = $"{sent}", Command = command });
            await stream.RequestStream.CompleteAsync();
        });
        // What is not read is not taken in without bound.
        Assert.InRange(await Eventually.StandsStillAsync(() => Volatile.Read(ref sent), "the caller is held up"), 1, Commands - 1);

        var references = await stream.ResponseStream.ReadAllAsync().Select(answer => answer.Placed is null ? "failed" : answer.Reference).ToListAsync();
        await sending;

        Assert.Equal(Enumerable.Range(0, Commands).Select(i => $"{i}").Order(), references.Order());
    }

    [Fact]
    public async Task A_caller_that_never_reads_is_cut_off_and_others_on_its_connection_are_not()
    {
        var user = await backends.NewUserAsync();
        var command = Backends.AnOrder(user.UserId);
        command.Lines[0].ProductId = new string('x', 64);
        command.Lines.AddRange(Enumerable.Range(0, 35).Select(_ => command.Lines[0].Clone()));
        await using var host = await backends.AnotherOrdersAsync(("PlaceOrders:WriteTimeout", "00:00:01"));
        var orders = new OrdersService.OrdersServiceClient(host.Channel);
        using var other = orders.PlaceOrders();
        using var stalled = orders.PlaceOrders();

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (true)
                await stalled.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "never read", Command = command });
        });

        var error = await Assert.ThrowsAsync<RpcException>(async () => await stalled.ResponseStream.ReadAllAsync().CountAsync());
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        await other.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "read", Command = command });
        Assert.True(await other.ResponseStream.MoveNext(default));
        Assert.NotNull(other.ResponseStream.Current.Placed);
    }

    [Fact]
    public async Task The_same_key_twice_in_one_batch_places_one_order()
    {
        var user = await backends.NewUserAsync();
        var command = Backends.AnOrder(user.UserId);
        command.IdempotencyKey = Guid.NewGuid().ToString();
        using var stream = backends.Orders.PlaceOrders();
        for (var i = 0; i < 50; i++)
            await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = $"{i}", Command = command });
        await stream.RequestStream.CompleteAsync();

        var answers = await stream.ResponseStream.ReadAllAsync().ToListAsync();

        Assert.Equal(50, answers.Count);
        Assert.Single(answers, answer => !answer.Placed.Replayed);
        Assert.Single(answers.Select(answer => answer.Placed.Order.OrderId).Distinct());
        Assert.Single((await backends.Orders.ListOrdersAsync(new ListOrdersRequest { UserId = user.UserId })).Orders);
    }

    [Fact]
    public async Task A_server_that_stops_says_so_and_answers_what_it_has()
    {
        var user = await backends.NewUserAsync();
        await using var host = await backends.AnotherOrdersAsync();
        using var stream = new OrdersService.OrdersServiceClient(host.Channel).PlaceOrders();
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "before", Command = Backends.AnOrder(user.UserId) });
        Assert.True(await stream.ResponseStream.MoveNext(default));

        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        Assert.True(await stream.ResponseStream.MoveNext(default));
        Assert.NotNull(stream.ResponseStream.Current.Draining);
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "after", Command = Backends.AnOrder(user.UserId) });
        Assert.True(await stream.ResponseStream.MoveNext(default));
        Assert.NotNull(stream.ResponseStream.Current.Placed);
        await stream.RequestStream.CompleteAsync();
        Assert.False(await stream.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task A_caller_that_ignores_the_drain_is_told_to_go_elsewhere_when_its_window_has_passed()
    {
        await using var host = await backends.AnotherOrdersAsync(("Drain:Window", "00:00:00.2"));
        using var stream = new OrdersService.OrdersServiceClient(host.Channel).PlaceOrders();
        await stream.ResponseHeadersAsync;

        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        var error = await Errors.FailsAsync(StatusCode.Unavailable, async () => await stream.ResponseStream.ReadAllAsync().ToListAsync());

        Assert.Equal("DRAINING", error.Reason());
    }

    [Fact]
    public async Task A_Users_that_is_away_fails_commands_and_not_the_stream()
    {
        await using var alone = await backends.OrdersWithoutUsersAsync();
        using var stream = new OrdersService.OrdersServiceClient(alone.Channel).PlaceOrders();
        for (var i = 0; i < 2; i++)
        {
            await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = $"{i}", Command = Backends.AnOrder("ada") });
            Assert.True(await stream.ResponseStream.MoveNext(default));
            Assert.Equal((int)StatusCode.Unavailable, stream.ResponseStream.Current.Error.Code);
        }
    }
}
