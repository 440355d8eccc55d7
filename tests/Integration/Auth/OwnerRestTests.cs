using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Auth;

/// <summary>Over REST: nothing that a caller has, knows or makes up tells of what is another user's, not even that there is something.</summary>
public sealed class OwnerRestTests(AuthHosts hosts) : IClassFixture<AuthHosts>, IAsyncLifetime
{
    private readonly string ada = $"ada-{Guid.NewGuid():N}";
    private readonly string bob = $"bob-{Guid.NewGuid():N}";
    private HttpClient asAda = null!;
    private HttpClient asBob = null!;

    public async Task InitializeAsync()
    {
        foreach (var user in (string[])[ada, bob])
            await hosts.Users.CreateUserAsync(new CreateUserRequest { UserId = user, DisplayName = user[..3], Email = $"{user}@example.com" });
        (asAda, asBob) = (ClientOf(Tokens.Authority.Person(ada)), ClientOf(Tokens.Authority.Person(bob)));
    }

    public Task DisposeAsync()
    {
        asAda.Dispose();
        asBob.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData("GET", "", null)]
    [InlineData("HEAD", "", null)]
    [InlineData("POST", "/cancel", null)]
    [InlineData("POST", "/cancel", """{"version": 1}""")]
    [InlineData("POST", "/cancel", """{"version": 99}""")]
    public async Task An_order_of_another_user_is_answered_as_one_that_does_not_exist(string method, string action, string? body)
    {
        using var placed = await PlaceAsync(asAda, ada, "one");
        var orderId = (string)(await placed.Content.ReadFromJsonAsync<JsonNode>())!["orderId"]!;
        // The key that its owner has used, and the answer that the gateway may have kept of it.
        (await asAda.GetAsync($"/v1/orders/{orderId}")).EnsureSuccessStatusCode();

        using var others = await asBob.SendAsync(new HttpMethod(method), $"/v1/orders/{orderId}{action}", body is null ? null : Http.Body(body), ("Idempotency-Key", "one"));
        using var nobodys = await asBob.SendAsync(new HttpMethod(method), $"/v1/orders/none{action}", body is null ? null : Http.Body(body), ("Idempotency-Key", "one"));

        Assert.Equal(HttpStatusCode.NotFound, others.StatusCode);
        Assert.Equal(await TextAsync(nobodys, "none"), await TextAsync(others, orderId));
        Assert.Equal("placed", (string)(await asAda.GetFromJsonAsync<JsonNode>($"/v1/orders/{orderId}"))!["state"]!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/orders")]
    [InlineData("/overview")]
    [InlineData("/overview?fields=user")]
    [InlineData("/events")]
    public async Task No_conditional_request_and_no_position_tells_of_another_user(string path)
    {
        using var placed = await PlaceAsync(asAda, ada, "one");
        var position = placed.Headers.GetValues("Position").Single();
        var eventId = await EventIdAsync(asAda, ada);
        (string, string)[] conditions =
        [
            ("Accept", "*/*"), ("If-None-Match", "*"), ("If-None-Match", $"\"{position["orders=".Length..]}\""), ("If-Match", "*"), ("If-Match", "\"1\""), ("If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT"),
            ("If-Unmodified-Since", "Mon, 01 Jan 2001 00:00:00 GMT"), ("Position", position), ("Position", "orders=0000000000000001"), ("Last-Event-ID", eventId), ("Last-Event-ID", "nonsense"), ("Range", "bytes=0-1"),
            ("Cache-Control", "no-cache"), ("Cache-Control", "only-if-cached"), ("Cache-Control", "stale-if-error=60"),
        ];
        // What the gateway has kept for those who may see it.
        foreach (var client in (HttpClient[])[asAda, hosts.Gateway.Rest])
            (await client.GetAsync($"/v1/users/{ada}{path}", HttpCompletionOption.ResponseHeadersRead)).EnsureSuccessStatusCode();

        var answers = new HashSet<string>();
        foreach (var condition in conditions)
        {
            foreach (var user in (string[])[ada, "nobody"])
            {
                using var answer = await asBob.SendAsync(HttpMethod.Get, $"/v1/users/{user}{path}", header: condition);
                await answer.ProblemAsync(403);
                answers.Add(await TextAsync(answer, user));
            }
        }

        Assert.Single(answers);
    }

    [Fact]
    public async Task What_is_kept_for_an_operator_goes_to_nobody_whose_it_is_not_however_many_ask_at_once()
    {
        using var anOperator = ClientOf(Tokens.Authority.Operator());
        var answers = await Task.WhenAll(Enumerable.Range(0, 150).Select(async i =>
        {
            var client = (i % 3) switch { 0 => anOperator, 1 => asAda, _ => asBob };
            using var answer = await client.GetAsync($"/v1/users/{ada}/overview?orderLimit={1 + (i / 50)}");
            return (IsBob: client == asBob, answer.StatusCode, HasAda: (await answer.Content.ReadAsStringAsync()).Contains(ada, StringComparison.Ordinal));
        }));

        Assert.All(answers, answer => Assert.Equal(answer.IsBob ? (HttpStatusCode.Forbidden, false) : (HttpStatusCode.OK, true), (answer.StatusCode, answer.HasAda)));
    }

    [Fact]
    public async Task A_page_token_of_anothers_list_is_as_one_that_is_made_up()
    {
        for (var i = 0; i < 3; i++)
        {
            using var hers = await PlaceAsync(asAda, ada, $"{i}");
            using var his = await PlaceAsync(asBob, bob, $"{i}");
        }

        var token = (string)(await asAda.GetFromJsonAsync<JsonNode>($"/v1/users/{ada}/orders?pageSize=1"))!["nextPageToken"]!;
        using var others = await asBob.GetAsync($"/v1/users/{bob}/orders?pageToken={token}");
        using var madeUp = await asBob.GetAsync($"/v1/users/{bob}/orders?pageToken=nonsense");

        Assert.Equal(["pageToken"], (await others.ProblemAsync(400)).Fields());
        Assert.Equal(await TextAsync(madeUp), await TextAsync(others));
    }

    [Fact]
    public async Task The_id_of_anothers_event_is_as_one_that_is_made_up()
    {
        var eventId = await EventIdAsync(asAda, ada);

        using var others = await asBob.SendAsync(HttpMethod.Get, $"/v1/users/{bob}/events", header: ("Last-Event-ID", eventId));
        using var madeUp = await asBob.SendAsync(HttpMethod.Get, $"/v1/users/{bob}/events", header: ("Last-Event-ID", "nonsense"));
        using var asked = await asBob.GetAsync($"/v1/users/{bob}/events?lastEventId={eventId}");

        Assert.Equal(["Last-Event-ID"], (await others.ProblemAsync(400)).Fields());
        Assert.Equal(await TextAsync(madeUp), await TextAsync(others));
        Assert.Equal(["lastEventId"], (await asked.ProblemAsync(400)).Fields());
    }

    [Fact]
    public async Task An_idempotency_key_that_another_has_used_is_a_new_one()
    {
        using var hers = await PlaceAsync(asAda, ada, "same");
        using var again = await PlaceAsync(asAda, ada, "same");
        // The very same request of another caller, and one with its own user.
        using var forHer = await PlaceAsync(asBob, ada, "same");
        using var his = await PlaceAsync(asBob, bob, "same");

        Assert.Equal((HttpStatusCode.Created, true), (again.StatusCode, again.Headers.Contains("Idempotency-Replayed")));
        Assert.Equal((HttpStatusCode.Forbidden, false), (forHer.StatusCode, forHer.Headers.Contains("Idempotency-Replayed")));
        Assert.Equal((HttpStatusCode.Created, false), (his.StatusCode, his.Headers.Contains("Idempotency-Replayed")));
        Assert.NotEqual(hers.Headers.Location, his.Headers.Location);
    }

    private static Task<HttpResponseMessage> PlaceAsync(HttpClient client, string userId, string key) => client.SendAsync(
        HttpMethod.Post, "/v1/orders", Http.Body($$$"""{"userId": "{{{userId}}}", "lines": [{"productId": "tea", "quantity": 1, "unitPrice": {"amount": "1", "currency": "EUR"}}]}"""), ("Idempotency-Key", key));

    private static async Task<string> EventIdAsync(HttpClient client, string userId)
    {
        using var answer = await client.GetAsync($"/v1/users/{userId}/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync().WaitAsync(Eventually.Timeout) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                return line["id: ".Length..];
        }

        throw new InvalidOperationException("The stream has ended.");
    }

    /// <summary>An answer, but for what differs each time and for the id that was asked for.</summary>
    private static async Task<string> TextAsync(HttpResponseMessage answer, string id = "\n")
    {
        var headers = answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key is not ("Date" or "Content-Length")).Select(header => $"{header.Key}: {string.Join(',', header.Value)}").Order();
        var body = await answer.Content.ReadAsStringAsync();
        var problem = body.Length == 0 ? null : JsonNode.Parse(body)!.AsObject();
        problem?.Remove("traceId");
        return $"{answer.StatusCode} {string.Join('|', headers)} {problem?.ToJsonString()}".Replace(id, "ID", StringComparison.Ordinal);
    }

    private HttpClient ClientOf(string token) => new(Tokens.Bearer(new SocketsHttpHandler(), token)) { BaseAddress = hosts.Gateway.RestAddress };
}
