using System.Net;
using System.Text.Json;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>Webhooks over REST.</summary>
public sealed class WebhookRoutesTests(HooksGateway hooks) : IClassFixture<HooksGateway>, IAsyncLifetime
{
    private const string Endpoints = "/v1/webhooks/endpoints";
    private readonly string ada = $"ada-{Guid.NewGuid():n}";
    private HookReceiver receiver = null!;
    private HttpClient asAda = null!;
    private HttpClient asBob = null!;

    public async Task InitializeAsync()
    {
        receiver = await HookReceiver.StartAsync();
        (asAda, asBob) = (hooks.As(ada), hooks.As("bob"));
    }

    public async Task DisposeAsync()
    {
        asAda.Dispose();
        asBob.Dispose();
        await receiver.DisposeAsync();
    }

    [Fact]
    public async Task An_endpoint_is_created_once_for_a_key_changed_by_its_version_and_deleted_and_its_secrets_are_shown_once()
    {
        var body = $$"""{"ownerId":"{{ada}}","url":"{{receiver.Address}}/","description":"Orders","eventTypes":["order.placed"],"ordered":true}""";
        using var created = await PostAsync(asAda, Endpoints, body, ("Idempotency-Key", "k"));
        Assert.Equal((HttpStatusCode.Created, true), (created.StatusCode, created.Headers.CacheControl?.NoStore));
        var answer = await created.JsonAsync();
        var secret = answer.Text("secret")!;
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        var path = created.Headers.Location!.OriginalString;
        Assert.Equal($"{Endpoints}/{answer.GetProperty("endpoint").Text("endpointId")}", path);

        using var repeated = await PostAsync(asAda, Endpoints, body, ("Idempotency-Key", "k"));
        var again = await repeated.JsonAsync();
        Assert.Equal(("true", path, false), (repeated.Headers.GetValues("Idempotency-Replayed").Single(), repeated.Headers.Location?.OriginalString, again.TryGetProperty("secret", out _)));
        await (await PostAsync(asAda, Endpoints, body.Replace("Orders", "Others", StringComparison.Ordinal), ("Idempotency-Key", "k"))).ProblemAsync(409);

        var changed = await SendAsync(asAda, HttpMethod.Patch, path, """{"version":1,"eventTypes":[],"ordered":false,"enabled":false}""");
        Assert.Equal("""[2,[],false,"disabled","Orders"]""", JsonSerializer.Serialize(((string[])["version", "eventTypes", "ordered", "state", "description"]).Select(name => changed.GetProperty(name))));
        await (await asAda.SendAsync(HttpMethod.Patch, path, Http.Body("""{"version":1,"enabled":true}"""))).ProblemAsync(409);
        Assert.Equal("ENDPOINT_DISABLED", (await (await PostAsync(asAda, $"{path}:ping")).ProblemAsync(422)).Text("reason"));

        using var rotated = await PostAsync(asAda, $"{path}:rotateSecret", """{"overlapSeconds":60}""");
        var second = await rotated.JsonAsync();
        Assert.NotEqual(secret, second.Text("secret"));
        Assert.Equal((true, 2), (rotated.Headers.CacheControl?.NoStore, second.GetProperty("endpoint").GetProperty("secrets").GetArrayLength()));
        using var third = await PostAsync(asAda, $"{path}:rotateSecret", "{}");
        Assert.Equal(HttpStatusCode.OK, third.StatusCode);

        var list = await asAda.GetStringAsync($"{Endpoints}?ownerId={ada}");
        Assert.DoesNotContain("whsec_", list + await asAda.GetStringAsync(path), StringComparison.Ordinal);
        Assert.Equal(1, JsonDocument.Parse(list).RootElement.GetProperty("endpoints").GetArrayLength());
        Assert.Equal(HttpStatusCode.NoContent, (await asAda.DeleteAsync(path)).StatusCode);
        await (await asAda.GetAsync(path)).ProblemAsync(404);
    }

    [Fact]
    public async Task An_owner_sees_its_own_alone_and_an_operator_sees_all()
    {
        var endpoint = await hooks.EndpointAsync(ada);
        var ping = await SendAsync(asAda, HttpMethod.Post, $"{Endpoints}/{endpoint.EndpointId}:ping", null);
        var paths = (string[])[$"{Endpoints}/{endpoint.EndpointId}", $"{Endpoints}/{endpoint.EndpointId}/deliveries", $"/v1/webhooks/deliveries/{ping.Text("deliveryId")}"];
        foreach (var path in paths)
        {
            await SendAsync(asAda, HttpMethod.Get, path, null);
            await SendAsync(hooks.Gateway.Rest, HttpMethod.Get, path, null);
            await (await asBob.GetAsync(path)).ProblemAsync(404);
        }

        foreach (var events in (string[])[$"{paths[0]}/events", $"{paths[1]}/events"])
            await (await SseClient.GetAsync(asBob, path: events)).ProblemAsync(404);
        await (await asBob.SendAsync(HttpMethod.Patch, paths[0], Http.Body("""{"version":1,"enabled":false}"""))).ProblemAsync(404);
        await (await asBob.DeleteAsync(paths[0])).ProblemAsync(404);
        await (await asBob.GetAsync($"{Endpoints}?ownerId={ada}")).ProblemAsync(403);
        await (await PostAsync(asBob, Endpoints, $$"""{"ownerId":"{{ada}}","url":"https://hooks.example.com/"}""")).ProblemAsync(403);
        await (await PostAsync(asAda, Endpoints, """{"ownerId":"@everyone","url":"https://hooks.example.com/"}""")).ProblemAsync(403);
        Assert.Equal("PING_PENDING", (await (await PostAsync(asAda, $"{paths[0]}:ping")).ProblemAsync(429)).Text("reason"));
        await SendAsync(hooks.Gateway.Rest, HttpMethod.Get, $"{Endpoints}?ownerId=@everyone", null);
    }

    [Theory]
    [InlineData("POST", "", """{}""", "ownerId,url")]
    [InlineData("POST", "", """{"ownerId":"OWNER","url":"ftp://hooks.example.com"}""", "url")]
    [InlineData("POST", "", """{"ownerId":"OWNER","url":"https://hooks.example.com/","eventTypes":["order.placed",null]}""", "eventTypes[1]")]
    [InlineData("POST", "", """{"ownerId":"OWNER","url":"https://hooks.example.com/","eventTypes":["order.lost"]}""", "eventTypes[0]")]
    [InlineData("POST", "", """{"ownerId":"OWNER","url":"https://hooks.example.com/","secret":"mine"}""", "secret")]
    [InlineData("PATCH", "/ID", """{"enabled":true}""", "version")]
    [InlineData("PATCH", "/ID", """{"version":1}""", "$")]
    [InlineData("PATCH", "/ID", """{"version":1,"eventTypes":["order.lost"]}""", "eventTypes[0]")]
    [InlineData("POST", "/ID:rotateSecret", """{"overlapSeconds":604801}""", "overlapSeconds")]
    [InlineData("POST", "/ID:replay", """{}""", "deliveryIds")]
    [InlineData("POST", "/ID:replay", """{"after":"nonsense"}""", "after")]
    [InlineData("POST", "/ID:replay", """{"deliveryIds":["a","a"]}""", "deliveryIds[1]")]
    [InlineData("POST", "/ID:confirm", """{}""", "cursor")]
    [InlineData("POST", "/ID:confirm", """{"cursor":"nonsense"}""", "cursor")]
    [InlineData("GET", "", null, "ownerId")]
    [InlineData("GET", "/ID/deliveries?state=lost", null, "state")]
    [InlineData("GET", "/ID/deliveries?pageSize=-1", null, "pageSize")]
    [InlineData("GET", "/ID/events?lastEventId=nonsense", null, "lastEventId")]
    public async Task What_is_wrong_is_said_by_the_name_of_the_field(string method, string path, string? body, string fields)
    {
        var endpoint = await hooks.EndpointAsync(ada);
        var at = Endpoints + path.Replace("ID", endpoint.EndpointId, StringComparison.Ordinal);
        using var answer = await asAda.SendAsync(new HttpMethod(method), at, body is null ? null : Http.Body(body.Replace("OWNER", ada, StringComparison.Ordinal)));
        Assert.Equal(fields.Split(','), (await answer.ProblemAsync(400)).Fields());
    }

    [Fact]
    public async Task Who_has_ten_endpoints_is_told_so()
    {
        for (var i = 0; i < 10; i++)
            await hooks.EndpointAsync(ada);
        using var refused = await PostAsync(asAda, Endpoints, $$"""{"ownerId":"{{ada}}","url":"https://hooks.example.com/"}""");
        Assert.Equal("TOO_MANY_ENDPOINTS", (await refused.ProblemAsync(429)).Text("reason"));
    }

    [Fact]
    public async Task Deliveries_are_listed_by_state_and_page_and_shown_with_what_is_sent_and_sent_again()
    {
        var endpoint = await hooks.EndpointAsync(ada, $"{receiver.Address}/");
        await hooks.PlaceAsync(ada, "tea", "o1", "o2", "o3");
        await hooks.UntilAsync(endpoint, DeliveryState.Delivered, 3);
        var path = $"{Endpoints}/{endpoint.EndpointId}";

        var first = await SendAsync(asAda, HttpMethod.Get, $"{path}/deliveries?state=delivered&pageSize=2", null);
        var rest = await SendAsync(asAda, HttpMethod.Get, $"{path}/deliveries?state=delivered&pageSize=2&pageToken={first.Text("nextPageToken")}", null);
        Assert.Equal([$"o3.{ada}", $"o2.{ada}", $"o1.{ada}"], ((JsonElement[])[first, rest]).SelectMany(page => page.GetProperty("deliveries").EnumerateArray()).Select(delivery => delivery.Text("key")));
        Assert.Equal(0, (await SendAsync(asAda, HttpMethod.Get, $"{path}/deliveries?state=failed", null)).GetProperty("deliveries").GetArrayLength());

        var delivery = first.GetProperty("deliveries")[0];
        var details = await SendAsync(asAda, HttpMethod.Get, $"/v1/webhooks/deliveries/{delivery.Text("deliveryId")}", null);
        var sent = receiver.Received.Single(hook => hook.Id == delivery.Text("messageId"));
        Assert.Equal(System.Text.Encoding.UTF8.GetString(sent.Body), details.Text("payload"));
        Assert.Equal(("delivered", 204), (delivery.Text("state"), details.GetProperty("attempts")[0].GetProperty("status").GetInt32()));

        var replayed = await SendAsync(asAda, HttpMethod.Post, $"{path}:replay", $$"""{"deliveryIds":["{{delivery.Text("deliveryId")}}"]}""");
        Assert.Equal(1, replayed.GetProperty("count").GetInt32());
        await Eventually.UntilAsync(() => receiver.Ids.Count(id => id == sent.Id) == 2, "it was sent again");
        await (await PostAsync(asAda, $"{path}:replay", """{"deliveryIds":["0198f3a2-7c60-7000-8000-6f1a3c5e7b92"]}""")).ProblemAsync(404);
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string? body = null, (string Name, string Value)? header = null) =>
        client.SendAsync(HttpMethod.Post, path, body is null ? null : Http.Body(body), header);

    private static async Task<JsonElement> SendAsync(HttpClient client, HttpMethod method, string path, string? body)
    {
        using var answer = await client.SendAsync(method, path, body is null ? null : Http.Body(body));
        var json = await answer.JsonAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {json}");
        return json;
    }
}
