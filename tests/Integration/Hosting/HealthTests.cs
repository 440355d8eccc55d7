using System.Net;
using Grpc.Core;
using Microservices.HealthChecks.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microservices.Tests.Integration.Hosting;

public sealed class HealthTests(Backends backends) : IClassFixture<Backends>
{
    private const HealthCheckResponse.Types.ServingStatus Serving = HealthCheckResponse.Types.ServingStatus.Serving;
    private const HealthCheckResponse.Types.ServingStatus NotServing = HealthCheckResponse.Types.ServingStatus.NotServing;
    private static readonly HttpClient Http = new();

    [Theory]
    [InlineData("")]
    [InlineData("orders.v1.OrdersService")]
    public async Task A_service_that_is_ready_is_serving(string name)
    {
        var health = new Health.HealthClient(backends.OrdersHost.Channel);

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = name })).Status);
    }

    [Fact]
    public async Task A_process_whose_database_is_away_is_not_ready_and_yet_alive()
    {
        var directory = Directory.CreateTempSubdirectory("suite-").FullName;
        await using (var host = await backends.AnotherOrdersAsync(("ConnectionStrings:Database", $"Data Source={directory}/orders.db")))
        {
            var health = new Health.HealthClient(host.Channel);
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await StatusAsync(""));

            Directory.Delete(directory, recursive: true);

            Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, await StatusAsync(""));
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await StatusAsync("liveness"));
            Assert.Equal(HttpStatusCode.OK, (await Http.GetAsync($"{host.Management}/health/live")).StatusCode);

            async Task<HealthCheckResponse.Types.ServingStatus> StatusAsync(string service) =>
                (await health.CheckAsync(new HealthCheckRequest { Service = service })).Status;
        }
    }

    [Theory]
    [InlineData("Backends:Users:Addresses:0", "LookupUsers")]
    [InlineData("Auth:KeysAddress", "keys")]
    public async Task A_process_that_has_just_started_is_not_ready_while_what_its_first_caller_needs_is_away(string setting, string check)
    {
        var settings = Tokens.SettingsOf("orders").Where(own => own.Key != "Auth:KeysFile" || setting != "Auth:KeysAddress").Select(own => (own.Key, own.Value));
        await using var host = await backends.AnotherOrdersAsync([.. settings, (setting, $"http://127.0.0.1:{Eventually.FreePort()}")]);

        using var answer = await Http.GetAsync($"{host.Management}/health/ready");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains($"{check}\":{{\"status\":\"Unhealthy\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_is_not_here_is_unknown()
    {
        var health = new Health.HealthClient(backends.OrdersHost.Channel);

        var exception = await Assert.ThrowsAsync<RpcException>(() => health.CheckAsync(new HealthCheckRequest { Service = "users.v1.UsersService" }).ResponseAsync);

        Assert.Equal(StatusCode.NotFound, exception.StatusCode);
    }

    [Fact]
    public async Task All_services_are_listed_with_their_health()
    {
        await using var host = await backends.AnotherOrdersAsync(("Drain:Delay", "00:00:05"));
        var health = new Health.HealthClient(host.Channel);

        Assert.Equal(
            [("", Serving), ("liveness", Serving), ("orders.v1.OrdersService", Serving)],
            await ListAsync());

        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        Assert.Equal(
            [("", NotServing), ("liveness", Serving), ("orders.v1.OrdersService", NotServing)],
            await ListAsync());

        async Task<IEnumerable<(string, HealthCheckResponse.Types.ServingStatus)>> ListAsync() =>
            (await health.ListAsync(new HealthListRequest())).Statuses.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => (s.Key, s.Value.Status));
    }

    [Fact]
    public async Task Who_watches_hears_of_a_change_and_of_a_service_that_is_not_here_that_it_is_not()
    {
        var directory = Directory.CreateTempSubdirectory("suite-").FullName;
        await using var host = await backends.AnotherOrdersAsync(("ConnectionStrings:Database", $"Data Source={directory}/orders.db"));
        var health = new Health.HealthClient(host.Channel);
        using var watch = health.Watch(new HealthCheckRequest());
        using var nobody = health.Watch(new HealthCheckRequest { Service = "users.v1.UsersService" });
        Assert.True(await nobody.ResponseStream.MoveNext(default));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.ServiceUnknown, nobody.ResponseStream.Current.Status);
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(Serving, watch.ResponseStream.Current.Status);

        Directory.Delete(directory, recursive: true);

        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(NotServing, watch.ResponseStream.Current.Status);
    }

    [Fact]
    public async Task The_management_port_answers_health_and_metrics_and_nothing_else()
    {
        var management = backends.OrdersHost.Management;
        await backends.Orders.ListOrdersAsync(new ListOrdersRequest { UserId = "nobody" });

        Assert.Equal(HttpStatusCode.OK, (await Http.GetAsync($"{management}/health/live")).StatusCode);
        Assert.Contains("\"database\":{\"status\":\"Healthy\"}", await Http.GetStringAsync($"{management}/health/ready"), StringComparison.Ordinal);
        Assert.Contains("rpc_server_call_duration_seconds_count{", await Http.GetStringAsync($"{management}/metrics"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await Http.PostAsync($"{management}/orders.v1.OrdersService/ListOrders", null)).StatusCode);
    }

    [Fact]
    public async Task The_gRPC_port_does_not_answer_for_management_whatever_the_host_header_says()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{backends.OrdersHost.Grpc}/metrics")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = new Uri(backends.OrdersHost.Management).Authority;

        Assert.Equal(HttpStatusCode.NotFound, (await Http.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task A_service_told_to_stop_is_not_serving_and_then_ends()
    {
        await using var host = await backends.AnotherOrdersAsync(("Drain:Delay", "00:00:01"));
        var health = new Health.HealthClient(host.Channel);
        using var watch = health.Watch(new HealthCheckRequest { Service = "orders.v1.OrdersService" });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);

        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Http.GetAsync($"{host.Management}/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Http.GetAsync($"{host.Management}/health/live")).StatusCode);
        await host.Services.GetRequiredService<IHost>().WaitForShutdownAsync();
    }
}
