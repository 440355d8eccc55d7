using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Microservices.Gateway;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.Rest;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using LatestOrders = Microservices.Orders.V1.LatestOrders;
using Order = Microservices.Orders.V1.Order;
using OrderLine = Microservices.Orders.V1.OrderLine;
using OrderState = Microservices.Orders.V1.OrderState;
using ProtoMoney = Google.Type.Money;
using User = Microservices.Users.V1.User;

namespace Microservices.Tests.Unit.Gateway;

/// <summary>An overview that is put together from its parts is what the serializer makes of it as a whole.</summary>
public sealed class WholeOverviewTests
{
    private static readonly Timestamp Time = Timestamp.FromDateTimeOffset(new(2026, 1, 31, 12, 0, 0, 1, TimeSpan.Zero));

    [Theory]
    [InlineData("ada", "Ada Lovelace", 1)]
    [InlineData("ada", "Ada Lovelace", 0)]
    [InlineData("ada", null, 3)]
    [InlineData("ada", "Ada Lovelace", null)]
    [InlineData("a\"b<c>&\u00e9\ud83d\ude00\u2028", "\"quoted\" <b>&amp;\\ \u00e9 \u65e5\u672c \ud83d\ude00 \u2028\u0001", 2)]
    [InlineData("large", "Ada Lovelace", 400)]
    public async Task To_the_byte(string userId, string? displayName, int? orders)
    {
        var user = displayName is null ? null : new User { UserId = userId, DisplayName = displayName, Email = "ada+x@example.com", Version = 3, CreateTime = Time, UpdateTime = Time };
        var list = orders is null ? null : new LatestOrders { Truncated = orders == 3 };
        list?.Orders.AddRange(Enumerable.Range(0, orders!.Value).Select(i => Order($"o{i}", userId, displayName ?? "")));
        var overview = new OverviewResult(
            userId,
            user is null ? default : Part<User>.Of(new(user, 0, 100)),
            list is null ? default : Part<LatestOrders>.Of(new(list, 0, 100)),
            Failure: null);
        var whole = JsonSerializer.SerializeToUtf8Bytes(overview.ToJson(), GatewayJson.Default.Overview);

        // The first time the parts' JSON is made, the second it is there.
        for (var time = 0; time < 2; time++)
        {
            var (body, length) = await WriteAsync(overview);
            Assert.Equal(Encoding.UTF8.GetString(whole), Encoding.UTF8.GetString(body));
            Assert.Equal(whole.Length, length);
        }
    }

    private static async Task<(byte[] Body, long? Length)> WriteAsync(OverviewResult overview)
    {
        await using var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).AddSingleton(Options.Create(new GatewayOptions())).BuildServiceProvider();
        using var body = new MemoryStream();
        var http = new DefaultHttpContext { RequestServices = services, Response = { Body = body } };
        await new WholeOverview(overview).ExecuteAsync(http);
        await http.Response.CompleteAsync();
        return (body.ToArray(), http.Response.ContentLength);
    }

    private static Order Order(string id, string userId, string product) => new()
    {
        OrderId = id,
        UserId = userId,
        State = OrderState.Paid,
        Lines = { new OrderLine { ProductId = product, Quantity = 2, UnitPrice = Eur(6, 250_000_000), Total = Eur(12, 500_000_000) } },
        Total = Eur(12, 500_000_000),
        Version = 2,
        PlaceTime = Time,
        UpdateTime = Time,
    };

    private static ProtoMoney Eur(long units, int nanos) => new() { CurrencyCode = "EUR", Units = units, Nanos = nanos };
}
