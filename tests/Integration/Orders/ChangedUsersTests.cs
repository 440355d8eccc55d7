using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Orders;

/// <summary>Whose data has changed: nothing that was committed before the question is missing.</summary>
public abstract class ChangedUsersTests(Backends backends)
{
    [SkippableFact]
    public async Task Who_asks_for_the_first_time_gets_a_place_and_from_there_on_everybody_who_changes()
    {
        var before = await backends.NewUserAsync();
        await backends.Orders.PlaceOrderAsync(Backends.AnOrder(before.UserId));
        var users = (await backends.Users.ListChangedUsersAsync(new())).Changes;
        var orders = await ChangedAsync("");
        Assert.True(users.Reset && orders.Reset);
        Assert.Empty(users.Keys);
        Assert.Empty(orders.Keys);

        var ada = await backends.NewUserAsync();
        var order = (await backends.Orders.PlaceOrderAsync(Backends.AnOrder(ada.UserId))).Order;
        await backends.Orders.CancelOrderAsync(new CancelOrderRequest { OrderId = order.OrderId });

        users = (await backends.Users.ListChangedUsersAsync(new() { Cursor = users.Cursor })).Changes;
        var changed = await ChangedAsync(orders.Cursor);
        Assert.False(users.Reset || users.More || changed.Reset || changed.More);
        Assert.Single(users.Keys, ada.UserId);
        Assert.Single(changed.Keys, ada.UserId);
        Assert.DoesNotContain(before.UserId, changed.Keys);
        Assert.DoesNotContain(ada.UserId, (await ChangedAsync(changed.Cursor)).Keys);
        Assert.Contains(ada.UserId, (await ChangedAsync(orders.Cursor)).Keys);
    }

    [SkippableFact]
    public async Task Whatever_is_written_at_the_same_time_each_write_is_there_once_it_was_answered()
    {
        const int writers = 8;
        const int writes = 20;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(async _ =>
        {
            var user = await backends.NewUserAsync();
            var cursor = (await ChangedAsync("")).Cursor;
            for (var i = 0; i < writes; i++)
            {
                await backends.Orders.PlaceOrderAsync(Backends.AnOrder(user.UserId));
                var changed = await ChangedAsync(cursor);
                Assert.False(changed.Reset);
                Assert.Contains(user.UserId, changed.Keys);
                cursor = changed.Cursor;
            }
        }));
    }

    [SkippableFact]
    public async Task More_than_an_answer_holds_comes_in_several()
    {
        const int some = 2_500;
        var cursor = (await ChangedAsync("")).Cursor;
        var (ada, bob) = (await backends.NewUserAsync(), await backends.NewUserAsync());
        using var stream = backends.Orders.PlaceOrders();
        for (var i = 0; i < some; i++)
            await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = $"{i}", Command = Backends.AnOrder((i == 0 ? bob : ada).UserId) });
        await stream.RequestStream.CompleteAsync();
        while (await stream.ResponseStream.MoveNext(default))
            Assert.NotNull(stream.ResponseStream.Current.Placed);

        var found = new HashSet<string>();
        var answers = 0;
        KeyChanges changed;
        do
        {
            changed = await ChangedAsync(cursor);
            cursor = changed.Cursor;
            found.UnionWith(changed.Keys);
            answers++;
        }
        while (changed.More);
        Assert.Superset(new HashSet<string> { ada.UserId, bob.UserId }, found);
        Assert.InRange(answers, 2, some);
    }

    [SkippableFact]
    public async Task A_cursor_that_is_none_is_refused_and_one_of_another_service_begins_anew()
    {
        var refused = await Errors.FailsAsync(StatusCode.InvalidArgument, backends.Orders.ListChangedUsersAsync(new() { Cursor = "nonsense" }));
        Assert.Equal(["cursor"], refused.Fields());

        var ofUsers = (await backends.Users.ListChangedUsersAsync(new())).Changes.Cursor;
        Assert.True((await ChangedAsync(ofUsers)).Reset);
    }

    [SkippableFact]
    public async Task Each_write_answers_with_the_etag_that_a_lookup_has_then()
    {
        var created = await backends.Users.CreateUserAsync(new CreateUserRequest { DisplayName = "Ada", Email = $"{Guid.NewGuid():N}@example.com" });
        Assert.True(await IsUserAsync(created.User.UserId, created.Etag));
        var user = new Microservices.Users.V1.User(created.User) { DisplayName = "Ada Lovelace" };
        var updated = await backends.Users.UpdateUserAsync(new UpdateUserRequest { User = user, UpdateMask = new() { Paths = { "display_name" } } });
        Assert.True(await IsUserAsync(user.UserId, updated.Etag));
        Assert.False(await IsUserAsync(user.UserId, created.Etag));

        var placed = await backends.Orders.PlaceOrderAsync(Backends.AnOrder(user.UserId));
        Assert.True(await AreOrdersAsync(user.UserId, placed.Etag));
        var paid = await backends.Orders.AdvanceOrderAsync(new AdvanceOrderRequest { OrderId = placed.Order.OrderId, State = OrderState.Paid });
        Assert.True(await AreOrdersAsync(user.UserId, paid.Etag));
        var cancelled = await backends.Orders.CancelOrderAsync(new CancelOrderRequest { OrderId = placed.Order.OrderId });
        Assert.True(await AreOrdersAsync(user.UserId, cancelled.Etag));
        Assert.False(await AreOrdersAsync(user.UserId, paid.Etag));
    }

    private async Task<KeyChanges> ChangedAsync(string cursor) => (await backends.Orders.ListChangedUsersAsync(new() { Cursor = cursor })).Changes;

    private async Task<bool> IsUserAsync(string userId, ulong etag) => etag != 0 && (await OnlyAsync<LookupUsersRequest, LookupUsersResponse, LookupUsersResult>(
        backends.Users.LookupUsers(), new() { Calls = { new LookupUsersCall { CallId = 1, UserId = userId, KnownEtag = etag } } })).HasUnchanged;

    private async Task<bool> AreOrdersAsync(string userId, ulong etag) => etag != 0 && (await OnlyAsync<LookupOrdersRequest, LookupOrdersResponse, LookupOrdersResult>(
        backends.Orders.LookupOrders(), new() { Calls = { new LookupOrdersCall { CallId = 1, UserId = userId, KnownEtag = etag } } })).HasUnchanged;

    private static async Task<TResult> OnlyAsync<TFrame, TResultFrame, TResult>(AsyncDuplexStreamingCall<TFrame, TResultFrame> stream, TFrame frame)
        where TResultFrame : ICallResultFrame<TResult>
    {
        using (stream)
        {
            await stream.RequestStream.WriteAsync(frame);
            await stream.RequestStream.CompleteAsync();
            while (await stream.ResponseStream.MoveNext(default))
            {
                if (stream.ResponseStream.Current.Results is [var result])
                    return result;
            }
        }

        throw new InvalidOperationException("no answer");
    }
}

public sealed class ChangedUsersOnSqliteTests(Backends backends) : ChangedUsersTests(backends), IClassFixture<Backends>;
