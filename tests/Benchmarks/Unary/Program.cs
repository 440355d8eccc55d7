using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Microsoft.AspNetCore.Mvc;
using Proto = Microservices.Orders.V1;

// The same answer as the gateway's, the short way: two unary calls at the same time, then JSON. And, under /memory, without any call:
// what is known of a user is kept for good. It checks no token: the services do, which it passes on to them.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
var users = new UsersService.UsersServiceClient(Channel("Users"));
var orders = new OrdersService.OrdersServiceClient(Channel("Orders"));
var known = new ConcurrentDictionary<string, byte[]>();

var app = builder.Build();
app.MapGet("/health/ready", () => "ready");
app.MapGet("/v1/users/{userId}/overview", async (string userId, [FromHeader] string authorization) =>
    TypedResults.Json(await OverviewAsync(userId, authorization), Json.Default.Overview));
app.MapGet("/memory/v1/users/{userId}/overview", async (string userId, [FromHeader] string authorization) =>
{
    if (!known.TryGetValue(userId, out var json))
        known[userId] = json = JsonSerializer.SerializeToUtf8Bytes(await OverviewAsync(userId, authorization), Json.Default.Overview);
    return TypedResults.Bytes(json, "application/json");
});
app.Run();

GrpcChannel Channel(string backend) => GrpcChannel.ForAddress(
    builder.Configuration[$"Backends:{backend}:Addresses:0"]!,
    new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true } });

async Task<Overview> OverviewAsync(string userId, string authorization)
{
    var headers = new Metadata { { "authorization", authorization } };
    var deadline = DateTime.UtcNow.AddSeconds(10);
    using var user = users.GetUserAsync(new GetUserRequest { UserId = userId }, headers, deadline);
    using var list = orders.ListOrdersAsync(new ListOrdersRequest { UserId = userId, PageSize = 10 }, headers, deadline);
    await Task.WhenAll(user.ResponseAsync, list.ResponseAsync);
    var (u, all) = ((await user).User, (await list).Orders);
    return new Overview(
        userId,
        true,
        new Part<UserJson>("ok", new UserJson(u.UserId, u.DisplayName, u.Email, u.Version, u.CreateTime.ToDateTime(), u.UpdateTime.ToDateTime())),
        new Part<OrderJson[]>("ok", [.. all.Select(ToJson)]));
}

static OrderJson ToJson(Proto.Order order) => new(
    order.OrderId, order.UserId, order.State.ToString().ToLowerInvariant(), [.. order.Lines.Select(LineToJson)], MoneyToJson(order.Total),
    order.Version, order.PlaceTime.ToDateTime(), order.UpdateTime.ToDateTime());

static LineJson LineToJson(OrderLine line) =>
    new(line.ProductId, line.Quantity, MoneyToJson(line.UnitPrice), line.DiscountBasisPoints, MoneyToJson(line.Total));

static MoneyJson MoneyToJson(Google.Type.Money money) =>
    new((money.Units + (money.Nanos / 1_000_000_000m)).ToString("0.00#######", CultureInfo.InvariantCulture), money.CurrencyCode);

internal sealed record MoneyJson(string Amount, string Currency);

internal sealed record LineJson(string ProductId, int Quantity, MoneyJson UnitPrice, int DiscountBasisPoints, MoneyJson Total);

internal sealed record OrderJson(
    string OrderId, string UserId, string State, LineJson[] Lines, MoneyJson Total, long Version, DateTime PlaceTime, DateTime UpdateTime);

internal sealed record UserJson(string UserId, string DisplayName, string Email, long Version, DateTime CreateTime, DateTime UpdateTime);

internal sealed record Part<T>(string Status, T Data);

internal sealed record Overview(string UserId, bool Complete, Part<UserJson> User, Part<OrderJson[]> Orders);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Overview))]
internal sealed partial class Json : JsonSerializerContext;
