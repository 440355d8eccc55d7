using System.Net.Http.Json;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Tests.Support.Otlp;
using Microservices.Users.V1;
using Microsoft.Data.Sqlite;
using Xunit;
using Money = Google.Type.Money;

namespace Microservices.Tests.EndToEnd.Tracing;

/// <summary>Services that cannot do what came over a stream, since their databases lack the table for it, and what they log of that.</summary>
public sealed class LogTraceTests
{
    [FactNeeding(Need.RedisServer)]
    public async Task Lines_about_work_that_came_over_a_stream_have_the_trace_id_of_its_cause()
    {
        var suite = await TracedSuite.StartAsync(null);
        try
        {
            var userId = await suite.NewUserAsync();
            await LoseAsync(suite, "notifications", "Notifications");
            var trace = new CallersTrace();
            await PlaceAsync(suite, userId, trace);
            await UntilLoggedAsync(suite, "notifications", trace, "an event that it cannot deal with");

            await LoseAsync(suite, "orders", "Orders");
            trace = new CallersTrace();
            Assert.Equal((int)StatusCode.Internal, (await CommandAsync(suite, userId, trace)).Error?.Code);
            await UntilLoggedAsync(suite, "orders", trace, "a command of PlaceOrders that fails");

            await LoseAsync(suite, "users", "Users");
            trace = new CallersTrace();
            Assert.Equal((int)StatusCode.Internal, (await LookupAsync(suite, userId, trace)).Error?.Code);
            await UntilLoggedAsync(suite, "users", trace, "a call of LookupUsers that fails");
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            await suite.DisposeAsync();
        }
    }

    private static Task UntilLoggedAsync(TracedSuite suite, string service, CallersTrace trace, string what) =>
        Eventually.UntilAsync(() => suite.Collector.Logs.Any(line => line.Resource.Text("service.name") == service && line.TraceId == trace.Id), $"{service} logs {what} with its trace id");

    private static async Task LoseAsync(TracedSuite suite, string service, string table)
    {
        await using var connection = new SqliteConnection(await suite.FileOf(service));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A name of the test's own.
        command.CommandText = $"ALTER TABLE \"{table}\" RENAME TO \"Lost{table}\"";
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static async Task PlaceAsync(TracedSuite suite, string userId, CallersTrace trace)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/orders")
        {
            Headers = { { "traceparent", trace.Header } },
            Content = JsonContent.Create(new { userId, lines = new[] { new { productId = "tea", quantity = 1, unitPrice = new { amount = "1.00", currency = "EUR" } } } }),
        };
        using var response = await suite.Rest.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<PlaceOrdersResponse> CommandAsync(TracedSuite suite, string userId, CallersTrace trace)
    {
        using var channel = Tokens.Channel(suite["orders"]);
        using var stream = new OrdersService.OrdersServiceClient(channel).PlaceOrders();
        var command = new PlaceOrderRequest { UserId = userId, Lines = { new OrderLine { ProductId = "tea", Quantity = 1, UnitPrice = new Money { CurrencyCode = "EUR", Units = 1 } } } };
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "1", Command = command, TraceContext = ByteString.CopyFrom(trace.Context) });
        Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
        await stream.RequestStream.CompleteAsync();
        return stream.ResponseStream.Current;
    }

    private static async Task<LookupUsersResult> LookupAsync(TracedSuite suite, string userId, CallersTrace trace)
    {
        using var channel = Tokens.Channel(suite["users"]);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.RequestStream.WriteAsync(new LookupUsersRequest { Calls = { new LookupUsersCall { CallId = 1, UserId = userId, TraceContext = ByteString.CopyFrom(trace.Context) } } });
        do
        {
            Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
        }
        while (stream.ResponseStream.Current.Results.Count == 0);
        await stream.RequestStream.CompleteAsync();
        return stream.ResponseStream.Current.Results[0];
    }
}
