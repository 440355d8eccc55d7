using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>What a person does who has nothing but an address: buf curl, with no schema given.</summary>
[Collection(SharedSuiteTests.Name)]
public sealed class ReflectionTests(SharedSuite shared)
{
    [TheoryNeeding(Need.Buf)]
    [InlineData(Suite.Users, "users.v1.UsersService/ListUsers", "{}", "")]
    [InlineData(Suite.Users, "users.v1.UsersService/LookupUsers", """{"calls": [{"call_id": 1, "user_id": "nobody"}]}""", "NOT_FOUND")]
    [InlineData(Suite.Users, "users.v1.UsersService/WatchUsers", """{"subscribe": {"subscription_id": 1, "key": "no/slash"}}""", "\"field\": \"key\"")]
    [InlineData(Suite.Orders, "orders.v1.OrdersService/ListOrders", """{"user_id": "nobody"}""", "")]
    [InlineData(Suite.Orders, "orders.v1.OrdersService/LookupOrders", """{"calls": [{"call_id": 1, "user_id": "nobody"}, {"call_id": 2, "user_id": "no/slash"}]}""", "INVALID_FIELDS")]
    [InlineData(Suite.Orders, "orders.v1.OrdersService/PlaceOrders", """{"reference": "first"} {"reference": "second"}""", "second")]
    [InlineData(Suite.Notifications, "notifications.v1.NotificationsService/ListNotifications", """{"user_id": "nobody"}""", "")]
    [InlineData(Suite.GatewayGrpc, "gateway.v1.GatewayService/LookupOverviews", """{"calls": [{"call_id": 1, "overview": {"user_id": "nobody"}}]}""", "NOT_FOUND")]
    [InlineData(Suite.GatewayGrpc, "grpc.health.v1.Health/Check", """{"service": "gateway.v1.GatewayService"}""", "SERVING")]
    public async Task A_method_is_called_by_its_name(string address, string method, string body, string expected)
    {
        Assert.NotEmpty(shared.Suite.Pids);
        var (exitCode, output, error) = await Shell.RunAsync($"buf curl --protocol grpc --http2-prior-knowledge -H 'authorization: Bearer {await shared.Suite.OperatorAsync()}' -d '{body}' {address}/{method}");

        Assert.True(exitCode == 0, error);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [TheoryNeeding(Need.Buf)]
    [InlineData("grpc-v1")]
    [InlineData("grpc-v1alpha")]
    public async Task Reflection_speaks_both_its_versions(string protocol)
    {
        Assert.NotEmpty(shared.Suite.Pids);
        var (exitCode, output, error) = await Shell.RunAsync(
            $"buf curl --protocol grpc --http2-prior-knowledge --reflect-protocol {protocol} --list-methods {Suite.GatewayGrpc}");

        Assert.True(exitCode == 0, error);
        Assert.Contains("gateway.v1.GatewayService/GetOverview", output, StringComparison.Ordinal);
    }

    [FactNeeding(Need.Buf)]
    public async Task An_overview_that_is_not_there_is_an_error_and_not_an_empty_answer()
    {
        Assert.NotEmpty(shared.Suite.Pids);
        var (exitCode, _, error) = await Shell.RunAsync(
            $$"""buf curl --protocol grpc --http2-prior-knowledge -H 'authorization: Bearer {{await shared.Suite.OperatorAsync()}}' -d '{"user_id": "nobody"}' {{Suite.GatewayGrpc}}/gateway.v1.GatewayService/GetOverview""");

        Assert.NotEqual(0, exitCode);
        Assert.Contains("not_found", error, StringComparison.Ordinal);
    }
}
