using System.Net;
using Microservices.Gateway;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Two gateways before the real services: who writes through one reads it through either.</summary>
public sealed class ReadYourWritesTests(Backends backends) : IClassFixture<Backends>, IAsyncLifetime
{
    private GatewayFactory one = null!;
    private GatewayFactory other = null!;

    public Task InitializeAsync()
    {
        (one, other) = (NewGateway(), NewGateway());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await one.DisposeAsync();
        await other.DisposeAsync();
    }

    [Fact]
    public async Task A_write_shows_here_at_once_there_with_its_position_and_everywhere_before_long()
    {
        var user = await backends.NewUserAsync();
        var path = $"/v1/users/{user.UserId}/overview";
        for (var i = 1; i <= 40; i++)
        {
            await Task.WhenAll(one.Rest.GetStringAsync(path), other.Rest.GetStringAsync(path));
            using var placed = await one.Rest.PostAsync("/v1/orders", Http.Body(
                $$$"""{"userId":"{{{user.UserId}}}","lines":[{"productId":"tea","quantity":1,"unitPrice":{"amount":"1.00","currency":"EUR"}}]}"""));
            Assert.Equal(HttpStatusCode.Created, placed.StatusCode);
            var orderId = (await placed.JsonAsync()).GetProperty("orderId").GetString()!;
            var position = placed.Headers.GetValues("Position").Single();

            var here = one.Rest.GetStringAsync(path);
            using var there = await other.Rest.SendAsync(HttpMethod.Get, path, header: ("Position", position));
            Assert.Contains(orderId, await here, StringComparison.Ordinal);
            Assert.Contains(orderId, await there.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_somebody_else_wrote_shows_within_the_bound()
    {
        var user = await backends.NewUserAsync();
        var path = $"/v1/users/{user.UserId}/overview";
        for (var i = 0; i < 10; i++)
        {
            await other.Rest.GetStringAsync(path);
            var order = (await backends.Orders.PlaceOrderAsync(Backends.AnOrder(user.UserId))).Order;
            var written = System.Diagnostics.Stopwatch.StartNew();
            var began = TimeSpan.Zero;
            while (!(await other.Rest.GetStringAsync(path)).Contains(order.OrderId, StringComparison.Ordinal))
            {
                // However busy the machine: what is asked for later than this has it.
                Assert.InRange(began, TimeSpan.Zero, new GatewayOptions().MaxUnverified);
                began = written.Elapsed;
            }
        }
    }

    private GatewayFactory NewGateway() => new(
        ("Backends:Users:Addresses:0", backends.UsersHost.Grpc),
        ("Backends:Orders:Addresses:0", backends.OrdersHost.Grpc),
        ("Backends:Notifications:Addresses:0", $"http://127.0.0.1:{Eventually.FreePort()}"));
}
