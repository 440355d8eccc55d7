using System.Net;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Hosting;

public sealed class ProxyTests
{
    /// <summary>Many clusters put a proxy for the world outside into the environment of every process; this one answers nobody.</summary>
    [FactNeeding(Need.RedisServer)]
    public async Task A_proxy_in_the_environment_is_not_used_between_services()
    {
        await using var redis = await RedisServer.StartAsync();
        var directory = Directory.CreateTempSubdirectory("suite-").FullName;
        var proxy = $"http://127.0.0.1:{Eventually.FreePort()}";
        await using var users = new ReplicaProcess("services/Users", Settings("users"));
        await using var orders = new ReplicaProcess("services/Orders", Settings("orders", ("Backends__Users__Addresses__0", users.Address)));
        await using var notifications = new ReplicaProcess("services/Notifications", Settings("notifications", ("Backends__Orders__Addresses__0", orders.Address)));
        await using var gateway = new ReplicaProcess("gateway", Settings("", ("Backends__Users__Addresses__0", users.Address),
            ("Backends__Orders__Addresses__0", orders.Address), ("Backends__Notifications__Addresses__0", notifications.Address)), http: true);
        foreach (var process in (ReplicaProcess[])[users, orders, notifications, gateway])
            await process.UntilReadyAsync();
        using var rest = new HttpClient(Tokens.Bearer(new SocketsHttpHandler { UseProxy = false })) { BaseAddress = new Uri($"http://127.0.0.1:{gateway.HttpPort}") };

        var user = await rest.PostAsync("/v1/users", Http.Body("""{"userId":"ada","displayName":"Ada","email":"ada@example.com"}"""));
        var order = await rest.PostAsync("/v1/orders", Http.Body(
            """{"userId":"ada","lines":[{"productId":"tea","quantity":1,"unitPrice":{"amount":"1","currency":"EUR"}}]}"""));
        var overview = await rest.GetAsync("/v1/users/ada/overview?strict=true");

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created, HttpStatusCode.OK), (user.StatusCode, order.StatusCode, overview.StatusCode));

        Dictionary<string, string> Settings(string database, params (string Key, string Value)[] more)
        {
            var settings = new Dictionary<string, string>
            {
                ["http_proxy"] = proxy,
                ["HTTP_PROXY"] = proxy,
                ["all_proxy"] = proxy,
                ["no_proxy"] = "",
                ["ConnectionStrings__Redis"] = redis.ConnectionString,
            };
            if (database.Length > 0)
                settings["ConnectionStrings__Database"] = $"Data Source={directory}/{database}.db";
            foreach (var (key, value) in more)
                settings[key] = value;
            return settings;
        }
    }
}
