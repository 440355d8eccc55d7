using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A caller who gives its requests no time, beside others.</summary>
public sealed class ImpatientCallerTests : IAsyncLifetime, IDisposable
{
    private const int Limit = 64;
    private readonly GatewayFixture gateway = new();

    public async Task InitializeAsync()
    {
        foreach (var backend in (string[])["Users", "Orders"])
        {
            gateway.Settings[$"Backends:{backend}:MinConcurrency"] = "4";
            gateway.Settings[$"Backends:{backend}:MaxConcurrency"] = $"{Limit}";
        }

        await gateway.InitializeAsync();
    }

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Theory]
    [InlineData("orders")]
    [InlineData("overview?strict=true")]
    public async Task Its_deadlines_take_no_room_from_the_others(string path)
    {
        // Nothing is answered, and so all of the impatient caller's requests are late: in 40 windows of the limit, and more than enough in each.
        var (held, arrived) = (new HeldCall(), 0);
        gateway.Orders.OnList = async (request, context) =>
        {
            Interlocked.Increment(ref arrived);
            await held.HoldAsync(context);
            return new ListOrdersResponse { Orders = { GatewayFixture.Order("o1", request.UserId) } };
        };
        for (var round = 0; round < 40; round++)
        {
            var started = TimeProvider.System.GetTimestamp();
            do
                await Task.WhenAll(Enumerable.Range(0, 12).Select(i => GetAsync($"/v1/users/late{round}-{i}/{path}", "0.02")));
            while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMilliseconds(100));
        }

        // The backend forgets them; then as many come at once as it bears.
        var before = Volatile.Read(ref arrived);
        var others = Enumerable.Range(0, Limit).Select(i => GetAsync($"/v1/users/u{i}/{path}", "30")).ToList();
        await Eventually.UntilAsync(() => Volatile.Read(ref arrived) - before == Limit || others.Any(other => other.IsCompleted), "all have arrived");
        held.Release();

        Assert.All(await Task.WhenAll(others), status => Assert.Equal(200, status));
    }

    [Fact]
    public async Task Answers_that_are_too_large_take_no_room_from_the_others()
    {
        gateway.Orders.OnList = (_, _) => throw new RpcException(new Status(StatusCode.ResourceExhausted, "Sending message exceeds the maximum configured message size."));
        for (var round = 0; round < 40; round++)
        {
            var started = TimeProvider.System.GetTimestamp();
            do
                await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => GetAsync("/v1/users/ada/orders", "30")));
            while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMilliseconds(100));
        }

        var (held, arrived) = (new HeldCall(), 0);
        gateway.Orders.OnList = async (_, context) =>
        {
            Interlocked.Increment(ref arrived);
            await held.HoldAsync(context);
            return new ListOrdersResponse();
        };
        var others = Enumerable.Range(0, Limit).Select(_ => GetAsync("/v1/users/ada/orders", "30")).ToList();
        await Eventually.UntilAsync(() => Volatile.Read(ref arrived) == Limit || others.Any(other => other.IsCompleted), "all have arrived");
        held.Release();

        Assert.All(await Task.WhenAll(others), status => Assert.Equal(200, status));
    }

    private async Task<int> GetAsync(string path, string timeout)
    {
        using var response = await gateway.Rest.SendAsync(HttpMethod.Get, path, header: ("Request-Timeout", timeout));
        return (int)response.StatusCode;
    }
}
