using System.Net.Http.Json;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.EndToEnd.Streams;
using Microservices.Tests.Support;
using Microservices.Tests.Support.Otlp;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using Money = Google.Type.Money;

namespace Microservices.Tests.EndToEnd.Tracing;

/// <summary>Who is told of an order, and what comes of it, is found from the trace of whoever placed it.</summary>
public sealed class OrderTraceTests(TracedSuite suite) : IClassFixture<TracedSuite>
{
    [TheoryNeeding(Need.RedisServer)]
    [InlineData("REST", false)]
    [InlineData("PlaceOrder", false)]
    [InlineData("PlaceOrders", false)]
    [InlineData("REST", true)]
    [InlineData("PlaceOrder", true)]
    [InlineData("PlaceOrders", true)]
    public async Task An_order_leads_to_spans_in_notifications_and_in_each_delivery_that_link_to_it(string how, bool redisWasDown)
    {
        var userId = await suite.NewUserAsync();
        await using var client = OrdersUnderTest.ClientOf([suite["orders"]]);
        using var over = new CancellationTokenSource(Eventually.Timeout);
        await using var subscriber = client.GetRequiredService<EventStreamClient<OrderEvent>>().SubscribeAsync(new Subscription { Key = userId }, over.Token).GetAsyncEnumerator(over.Token);
        Assert.True(await subscriber.MoveNextAsync());
        using var sse = new StreamReader(await suite.Rest.GetStreamAsync($"/v1/users/{userId}/events", over.Token));
        await UntilLineAsync(sse, "event: ready", over.Token);
        if (redisWasDown)
            suite.Redis.Kill();

        var trace = new CallersTrace();
        await PlaceAsync(how, userId, trace);
        if (redisWasDown)
            await suite.Redis.StartAgainAsync();

        while (subscriber.Current is not ReceivedEvents<OrderEvent>)
            Assert.True(await subscriber.MoveNextAsync());
        await UntilLineAsync(sse, "event: notification", over.Token);
        await suite.SpanAsync("Notifications processes it", s => s.Service == "notifications" && s.Kind == SpanKind.Consumer && s.LinksTo(trace.Id));
        await suite.SpanAsync("it is delivered to the subscriber", s => s.Service == "orders" && s.Kind == SpanKind.Producer && s.Name.EndsWith("WatchOrders", StringComparison.Ordinal) && s.LinksTo(trace.Id));
        await suite.SpanAsync("it is relayed", s => s.Service == "orders" && s.Kind == SpanKind.Producer && s.Name == "send orders" && s.LinksTo(trace.Id));
        await suite.SpanAsync("it is delivered as a server-sent event", s => s.Service == "gateway" && s.Kind == SpanKind.Producer && s.LinksTo(trace.Id));
        await suite.SpanAsync("its notification is delivered", s => s.Service == "notifications" && s.Kind == SpanKind.Producer && s.LinksTo(trace.Id));
    }

    private async Task PlaceAsync(string how, string userId, CallersTrace trace)
    {
        if (how == "REST")
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/orders")
            {
                Headers = { { "traceparent", trace.Header } },
                Content = JsonContent.Create(new { userId, lines = new[] { new { productId = "tea", quantity = 1, unitPrice = new { amount = "1.00", currency = "EUR" } } } }),
            };
            using var response = await suite.Rest.SendAsync(request);
            response.EnsureSuccessStatusCode();
            return;
        }

        using var channel = Tokens.Channel(suite["orders"]);
        var orders = new OrdersService.OrdersServiceClient(channel);
        var command = new PlaceOrderRequest { UserId = userId, Lines = { new OrderLine { ProductId = "tea", Quantity = 1, UnitPrice = new Money { CurrencyCode = "EUR", Units = 1 } } } };
        if (how == "PlaceOrder")
        {
            await orders.PlaceOrderAsync(command, new Metadata { { "traceparent", trace.Header } });
            return;
        }

        using var stream = orders.PlaceOrders();
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "1", Command = command, TraceContext = ByteString.CopyFrom(trace.Context) });
        Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
        Assert.NotNull(stream.ResponseStream.Current.Placed);
        await stream.RequestStream.CompleteAsync();
        var placed = await suite.SpanAsync("the command's span", s => s.ParentId == trace.SpanId);
        Assert.Equal(("orders", SpanKind.Server, "orders.v1.OrdersService/PlaceOrders"), (placed.Service, placed.Kind, placed.Name));
    }

    private static async Task UntilLineAsync(StreamReader lines, string line, CancellationToken cancellationToken)
    {
        while (await lines.ReadLineAsync(cancellationToken) is { } read)
        {
            if (read == line)
                return;
        }

        Assert.Fail($"The stream ended without {line}");
    }
}
