using System.Text.Json;

namespace Microservices.Tests.Integration.Gateway.OpenApi;

public sealed class OpenApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task The_description_is_OpenAPI_3_1_of_every_route()
    {
        var document = await DocumentAsync();

        Assert.StartsWith("3.1.", document.Text("openapi"), StringComparison.Ordinal);
        Assert.Equal(
        [
            "delete /bff/sessions/{sessionId}", "delete /v1/schedules/{scheduleId}", "delete /v1/webhooks/endpoints/{endpointId}", "delete /v1/webhooks/sources/{sourceId}", "get /bff/sessions", "get /bff/user", "get /v1/flows", "get /v1/flows/{flowId}", "get /v1/flows/{flowId}/events", "get /v1/jobs", "get /v1/jobs/{jobId}", "get /v1/jobs/{jobId}/events", "get /v1/jobs/{jobId}/result", "get /v1/operations/events",
            "get /v1/orders/{orderId}", "get /v1/schedules", "get /v1/schedules/{scheduleId}", "get /v1/streams", "get /v1/topics", "get /v1/topics/{service}/{path}", "get /v1/users", "get /v1/users/{userId}", "get /v1/users/{userId}/events", "get /v1/users/{userId}/notifications", "get /v1/users/{userId}/orders", "get /v1/users/{userId}/overview",
            "get /v1/webhooks/deliveries/{deliveryId}", "get /v1/webhooks/endpoints", "get /v1/webhooks/endpoints/{endpointId}", "get /v1/webhooks/endpoints/{endpointId}/deliveries", "get /v1/webhooks/endpoints/{endpointId}/deliveries/events", "get /v1/webhooks/endpoints/{endpointId}/events",
            "get /v1/webhooks/received/{receivedId}", "get /v1/webhooks/sources", "get /v1/webhooks/sources/{sourceId}", "get /v1/webhooks/sources/{sourceId}/events", "get /v1/webhooks/sources/{sourceId}/received",
            "patch /v1/schedules/{scheduleId}", "patch /v1/users/{userId}", "patch /v1/webhooks/endpoints/{endpointId}", "post /bff/logout", "post /v1/flows", "post /v1/flows/{flowId}:cancel", "post /v1/flows/{flowId}:decide", "post /v1/flows/{flowId}:rerun", "post /v1/flows/{flowId}:signal", "post /v1/jobs", "post /v1/jobs/{jobId}:cancel", "post /v1/orders", "post /v1/orders/{orderId}/advance", "post /v1/orders/{orderId}/cancel", "post /v1/overviews:batchGet",
                "post /v1/schedules", "post /v1/streams/{service}/{replica}/{streamId}:drain", "post /v1/streams/{service}/{replica}/{streamId}:end", "post /v1/users", "post /v1/users/{userId}/notifications:markRead",
            "post /v1/webhooks/endpoints", "post /v1/webhooks/endpoints/{endpointId}:confirm", "post /v1/webhooks/endpoints/{endpointId}:ping", "post /v1/webhooks/endpoints/{endpointId}:replay", "post /v1/webhooks/endpoints/{endpointId}:rotateSecret",
            "post /v1/webhooks/sources", "post /v1/webhooks/sources/{sourceId}:rotateSecret",
        ], Operations(document).Select(operation => operation.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_overview_is_described_with_its_partial_result()
    {
        var document = await DocumentAsync();
        var schemas = document.GetProperty("components").GetProperty("schemas");

        var overview = schemas.GetProperty("Overview");
        Assert.Equal("boolean", overview.GetProperty("properties").GetProperty("complete").Text("type"));
        Assert.Equal("#/components/schemas/OrdersPart", overview.GetProperty("properties").GetProperty("orders").Text("$ref"));
        var part = schemas.GetProperty("OrdersPart");
        Assert.Equal(["status"], part.GetProperty("required").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal("#/components/schemas/Problem", part.GetProperty("properties").GetProperty("problem").Text("$ref"));
        Assert.Equal(["ok", "error", "timeout", "shed", "stale"], schemas.GetProperty("PartStatus").GetProperty("enum").EnumerateArray().Select(name => name.GetString()));

        var answer = document.GetProperty("paths").GetProperty("/v1/users/{userId}/overview").GetProperty("get").GetProperty("responses");
        var examples = answer.GetProperty("200").GetProperty("content").GetProperty("application/json").GetProperty("examples");
        Assert.False(examples.GetProperty("partial").GetProperty("value").GetProperty("complete").GetBoolean());
        foreach (var status in (string[])["400", "404", "429", "503", "504"])
            Assert.Equal("#/components/schemas/Problem", answer.GetProperty(status).GetProperty("content").GetProperty("application/problem+json").GetProperty("schema").Text("$ref"));
    }

    [Fact]
    public async Task Everything_has_a_description_and_an_example()
    {
        var document = await DocumentAsync();
        Assert.True(document.GetProperty("info").Text("description")?.Length > 100);
        var described = document.GetProperty("tags").EnumerateArray().Where(tag => tag.Text("description")?.Length > 0).Select(tag => tag.Text("name")).ToList();
        Assert.Equal(
            described.Order(),
            Operations(document).SelectMany(operation => operation.Operation.GetProperty("tags").EnumerateArray()).Select(tag => tag.GetString()).Distinct().Order());
        foreach (var (name, operation) in Operations(document))
        {
            Assert.True(operation.Text("summary")?.Length > 0 && operation.Text("description")?.Length > 0 && operation.Text("operationId")?.Length > 0, name);
            foreach (var parameter in operation.GetProperty("parameters").EnumerateArray())
                Assert.True(parameter.Text("description")?.Length > 0 && parameter.TryGetProperty("example", out _), $"{name} {parameter}");
            if (operation.TryGetProperty("requestBody", out var body))
                Assert.True(body.GetProperty("content").GetProperty("application/json").TryGetProperty("example", out _), name);
            foreach (var response in operation.GetProperty("responses").EnumerateObject())
            {
                Assert.True(response.Value.Text("description")?.Length > 0, $"{name} {response.Name}");
                if (response.Name == "204")
                    continue;
                var content = response.Value.GetProperty("content").EnumerateObject().Single().Value;
                Assert.True(content.TryGetProperty("example", out _) || content.TryGetProperty("examples", out _), $"{name} {response.Name}");
            }
        }

        foreach (var schema in document.GetProperty("components").GetProperty("schemas").EnumerateObject())
        {
            Assert.True(schema.Value.Text("description")?.Length > 0, schema.Name);
            if (schema.Value.TryGetProperty("properties", out var properties))
                Assert.All(properties.EnumerateObject(), property => Assert.True(property.Value.Text("description")?.Length > 0, $"{schema.Name}.{property.Name}"));
        }
    }

    [Fact]
    public async Task Requests_are_closed_and_say_what_they_require()
    {
        var schemas = (await DocumentAsync()).GetProperty("components").GetProperty("schemas");
        foreach (var request in (string[])["CreateUser", "UpdateUser", "PlaceOrder", "PlaceOrderLine", "Price", "CancelOrder", "AdvanceOrder", "BatchGetOverviews", "CreateWebhookEndpoint", "UpdateWebhookEndpoint", "RotateWebhookSecret", "ReplayWebhooks", "ConfirmWebhooks", "CreateWebhookSource", "RotateWebhookSourceSecret", "EnqueueJob", "CreateSchedule", "UpdateSchedule", "StartFlow", "SignalFlow", "DecideFlow", "RerunFlow"])
            Assert.False(schemas.GetProperty(request).GetProperty("additionalProperties").GetBoolean(), request);
        foreach (var answer in (string[])["User", "Order", "OrderLine", "Overview", "Problem"])
            Assert.False(schemas.GetProperty(answer).TryGetProperty("additionalProperties", out _), answer);
        Assert.Equal(["productId", "quantity", "unitPrice"], schemas.GetProperty("PlaceOrderLine").GetProperty("required").EnumerateArray().Select(name => name.GetString()));
        Assert.DoesNotContain("\"null\"", schemas.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_headers_of_answers_are_named()
    {
        var document = await DocumentAsync();
        var named = (
            from operation in Operations(document)
            from response in operation.Operation.GetProperty("responses").EnumerateObject()
            where response.Value.TryGetProperty("headers", out _)
            from header in response.Value.GetProperty("headers").EnumerateObject()
            where header.Value.Text("description")?.Length > 0 && header.Value.TryGetProperty("schema", out _)
            select $"{operation.Name} {response.Name} {header.Name}").ToHashSet();
        string[] writes = ["post /v1/users 201", "post /v1/orders 201", "post /v1/orders/{orderId}/cancel 200", "post /v1/orders/{orderId}/advance 200"];
        Assert.Superset(
            new HashSet<string>([
                .. writes.Select(write => write + " Position"), .. writes.Select(write => write + " Idempotency-Replayed"), "patch /v1/users/{userId} 200 Position",
                "post /v1/users 201 Location", "post /v1/orders 201 Location", "get /v1/users/{userId}/overview 200 Age",
                .. Operations(document).Select(operation => $"{operation.Name} 503 Retry-After"),
                .. from operation in Operations(document) from header in (string[])["Retry-After", "RateLimit", "RateLimit-Policy"] select $"{operation.Name} 429 {header}",
            ]),
            named);
    }

    [Fact]
    public async Task Every_kind_of_problem_is_explained_where_its_type_says()
    {
        var problem = await (await gateway.Rest.GetAsync("/v1/nothing")).ProblemAsync(404);
        Assert.Contains("Route not found", await gateway.Rest.GetStringAsync(problem.Text("type")), StringComparison.Ordinal);
    }

    private async Task<JsonElement> DocumentAsync() => JsonDocument.Parse(await gateway.Rest.GetStringAsync("/openapi/v1.json")).RootElement;

    private static IEnumerable<(string Name, JsonElement Operation)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        select ($"{operation.Name} {path.Name}", operation.Value);
}
