using System.Text;
using System.Text.Json.Nodes;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microservices.Webhooks.V1;
using NotificationsClient = Microservices.Notifications.V1.NotificationsService.NotificationsServiceClient;
using OrdersClient = Microservices.Orders.V1.OrdersService.OrdersServiceClient;
using UsersClient = Microservices.Users.V1.UsersService.UsersServiceClient;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>Puts something into the suite, and takes down what can be named of it: ids, page tokens, cursors, the ids of events, and forgeries of these.</summary>
internal static class CorpusReader
{
    private const int Count = 8;

    public static async Task<Corpus> ReadAsync(HostileSuite suite)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{suite.Gateway.HttpPort}") };
        var forgeries = new Forgeries(new Random(Count));
        var corpus = new Corpus { Operations = RestOperation.Read(JsonNode.Parse(await http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)))!) };
        using var usersChannel = Tokens.Channel(suite.Users.Address);
        using var ordersChannel = Tokens.Channel(suite.Orders.Address);
        using var notificationsChannel = Tokens.Channel(suite.Notifications.Address);
        var (users, orders, notifications) = (new UsersClient(usersChannel), new OrdersClient(ordersChannel), new NotificationsClient(notificationsChannel));

        for (var i = 0; i < Count; i++)
        {
            var user = (await users.CreateUserAsync(new CreateUserRequest { UserId = $"hostile-{i}", DisplayName = $"Bob {i}", Email = $"bob-{i}@example.com" })).User;
            corpus.Add("user_id", user.UserId);
            corpus.Add("key", user.UserId);
            corpus.Add("email", user.Email);
            corpus.Add("display_name", user.DisplayName);
            for (var o = 0; o < 10; o++)
            {
                var placed = await orders.PlaceOrderAsync(AnOrder(user.UserId, $"order-{i}-{o}", lines: o == 0 ? 100 : 2));
                corpus.Add("order_id", placed.Order.OrderId);
                corpus.Add("position", $"orders={placed.Etag:x16}");
                corpus.Add("idempotency_key", $"key-{i}-{o}");
            }

            corpus.Add("page_token", (await orders.ListOrdersAsync(new ListOrdersRequest { UserId = user.UserId, PageSize = 3 })).NextPageToken);
            await Eventually.UntilAsync(async () => (await notifications.ListNotificationsAsync(new ListNotificationsRequest { UserId = user.UserId })).UnreadCount >= 10, "notifications are there");
            var inbox = await notifications.ListNotificationsAsync(new ListNotificationsRequest { UserId = user.UserId, PageSize = 3 });
            corpus.Add("page_token", inbox.NextPageToken);
            foreach (var notification in inbox.Notifications)
            {
                corpus.Add("notification_id", notification.NotificationId);
                corpus.Add("notification_ids", notification.NotificationId);
            }

            var (_, events) = await RawHttp.SendAsync(suite.Gateway.HttpPort,
                Encoding.ASCII.GetBytes($"GET /v1/users/{user.UserId}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {Tokens.For("")}\r\n\r\n"), TimeSpan.FromSeconds(10), default);
            if (events.Split('\n').FirstOrDefault(line => line.StartsWith("id: ", StringComparison.Ordinal)) is { } id)
            {
                corpus.Add("last_event_id", id[4..].Trim());
                corpus.AddAll("last_event_id", forgeries.EventIds(user.UserId, id[4..].Trim()));
            }

            var cursor = await CursorAsync(orders, user.UserId);
            corpus.Add("cursor", cursor);
            corpus.AddAll("cursor", forgeries.Cursors(cursor));
            corpus.AddAll("page_token", forgeries.PageTokens($"orders/{user.UserId}"));
            corpus.AddAll("page_token", forgeries.PageTokens($"notifications/{user.UserId}/all"));
        }

        await AddWebhooksAsync(suite, corpus);
        corpus.Add("page_token", (await users.ListUsersAsync(new ListUsersRequest { PageSize = 2 })).NextPageToken);
        corpus.AddAll("page_token", forgeries.PageTokens("users"));
        corpus.Add("cursor", await CursorAsync(orders, ""));
        corpus.Add("cursor", (await users.ListChangedUsersAsync(new Microservices.Users.V1.ListChangedUsersRequest())).Changes.Cursor);
        corpus.Add("paths", "display_name");
        corpus.Add("paths", "email");
        corpus.Add("paths", "orders");
        corpus.Add("product_id", "tea");
        corpus.Add("currency_code", "EUR");
        corpus.Add("currency", "EUR");
        corpus.Add("amount", "10.25");
        corpus.Add("reference", "a");
        corpus.Add("state", "paid");
        return corpus;
    }

    private static async Task AddWebhooksAsync(HostileSuite suite, Corpus corpus)
    {
        using var channel = Tokens.Channel(suite["webhooks"].Address);
        var sources = new SourcesService.SourcesServiceClient(channel);
        foreach (var kind in (SourceKind[])[SourceKind.Standard, SourceKind.Github, SourceKind.Stripe])
        {
            for (var i = 0; i < Count; i++)
            {
                var key = Encoding.ASCII.GetBytes($"a-secret-of-{kind}-number-{i}-000000");
                var secret = kind == SourceKind.Standard ? $"whsec_{Convert.ToBase64String(key)}" : Encoding.ASCII.GetString(key);
                var source = (await sources.CreateSourceAsync(new CreateSourceRequest { OwnerId = $"hostile-{i}", Kind = kind, Secret = secret })).Source;
                corpus.Add("source_id", source.SourceId);
                corpus.Sources.Add(new(source.SourceId, kind.ToString().ToLowerInvariant(), key));
            }
        }
    }

    private static PlaceOrderRequest AnOrder(string userId, string orderId, int lines)
    {
        var request = new PlaceOrderRequest { UserId = userId, OrderId = orderId };
        for (var i = 0; i < lines; i++)
            request.Lines.Add(new OrderLine { ProductId = $"tea-{i}", Quantity = 1, UnitPrice = new Google.Type.Money { CurrencyCode = "EUR", Units = 10 } });
        return request;
    }

    private static async Task<string> CursorAsync(OrdersClient orders, string userId)
    {
        using var stream = orders.WatchOrders(deadline: DateTime.UtcNow.AddSeconds(30));
        await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = userId } });
        await stream.ResponseStream.MoveNext(default);
        return stream.ResponseStream.Current.Subscribed.Cursor;
    }
}
