using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>Webhooks that come in at a gateway.</summary>
public sealed class InboundTests(HooksGateway hooks) : IClassFixture<HooksGateway>, IAsyncLifetime
{
    private const int MaxBody = 48 << 10;
    private readonly string ada = $"ada-{Guid.NewGuid():n}";
    private HookReceiver receiver = null!;
    private HttpClient asAda = null!;
    private HttpClient sending = null!;

    public async Task InitializeAsync() => (receiver, asAda, sending) = (await HookReceiver.StartAsync(), hooks.As(ada), new() { BaseAddress = hooks.Gateway.RestAddress });

    public async Task DisposeAsync()
    {
        asAda.Dispose();
        sending.Dispose();
        await receiver.DisposeAsync();
    }

    [FactNeeding(Need.GithubWebhooks)]
    public async Task All_that_GitHub_sends_goes_in_and_out_unchanged()
    {
        var (source, sender) = await SourceAsync(SourceKind.Github);
        var endpoint = await hooks.EndpointAsync(ada, $"{receiver.Address}/");
        using var events = await SseClient.ReadyAsync(asAda, path: $"/v1/webhooks/sources/{source}/events");
        var sent = JsonDocument.Parse(await File.ReadAllBytesAsync(Needs.GithubWebhooks)).RootElement.EnumerateArray()
            .SelectMany(each => each.GetProperty("examples").EnumerateArray().Select(payload => (Event: each.GetProperty("event").GetString()!, Body: Encoding.UTF8.GetBytes(payload.GetRawText())))).ToList();
        Assert.Equal((115, 58), (sent.Count, sent.DistinctBy(each => each.Event).Count()));

        foreach (var (i, (type, body)) in sent.Index())
            await TakenAsync(source, new(sender.Sign(body, $"delivery-{i}")) { ["x-github-event"] = type }, body);

        var told = (await events.NextAsync(sent.Count)).ConvertAll(e => e.Json);
        Assert.Equal(sent.Select(each => (each.Event, Convert.ToBase64String(each.Body))), told.Select(e => (e.Text("eventType")!, e.Text("payload")!)));
        await hooks.UntilAsync(endpoint, DeliveryState.Delivered, sent.Count);
        var delivered = receiver.Received.DistinctBy(hook => hook.Id).Select(hook => JsonDocument.Parse(hook.Body).RootElement.GetProperty("data")).ToDictionary(data => data.Text("messageId")!, data => data.Text("payload"));
        Assert.All(sent.Index(), each => Assert.Equal(Convert.ToBase64String(each.Item.Body), delivered[$"delivery-{each.Index}"]));

        // And from any id on, what comes after it.
        using var resumed = await SseClient.ReadyAsync(asAda, events.Parser.LastEventId, path: $"/v1/webhooks/sources/{source}/events");
        await TakenAsync(source, sender.Sign("{}"u8.ToArray(), "last"), "{}"u8.ToArray());
        Assert.Equal("last", (await resumed.NextAsync())!.Json.Text("messageId"));
    }

    [Theory]
    [InlineData("standard", false)]
    [InlineData("github", false)]
    [InlineData("stripe", true)]
    public async Task A_source_is_made_over_REST_takes_what_is_signed_once_and_shows_it(string name, bool given)
    {
        var kind = Enum.Parse<SourceKind>(name, ignoreCase: true);
        using var created = await PostAsync("/v1/webhooks/sources", $$"""{"ownerId":"{{ada}}","kind":"{{name}}","description":"Pushes"}""");
        var (answer, path) = (await created.JsonAsync(), created.Headers.Location!.OriginalString);
        Assert.Equal((201, true, given), ((int)created.StatusCode, created.Headers.CacheControl!.NoStore, answer.Text("secret") is null));
        var (source, body) = (answer.GetProperty("source"), Sender.BodyOf("evt_1"));
        var secret = given ? Sender.SecretOf(kind) : answer.Text("secret")!;
        Assert.Equal($"/in/{source.Text("sourceId")}", source.Text("path"));
        if (given)
        {
            // Nothing is taken by a source that has no secret.
            Assert.Equal("SIGNATURE_INVALID", (await (await SendAsync(source.Text("sourceId")!, new Sender(kind, secret).Sign(body, "evt_1"), body)).ProblemAsync(401)).Text("reason"));
            Assert.Equal(["secret"], (await (await PostAsync($"{path}:rotateSecret", "{}")).ProblemAsync(400)).Fields());
            Assert.Equal(HttpStatusCode.OK, (await PostAsync($"{path}:rotateSecret", $$"""{"secret":"{{secret}}"}""")).StatusCode);
        }

        await TakenAsync(source.Text("sourceId")!, new Sender(kind, secret).Sign(body, "evt_1"), body);
        using var repeated = await SendAsync(source.Text("sourceId")!, new Sender(kind, secret).Sign(body, "evt_1"), body);
        Assert.Equal((HttpStatusCode.NoContent, "true"), (repeated.StatusCode, repeated.Headers.GetValues("Idempotency-Replayed").Single()));

        var page = JsonDocument.Parse(await asAda.GetStringAsync($"{path}/received")).RootElement.GetProperty("received");
        var listed = Assert.Single(page.EnumerateArray());
        var received = JsonDocument.Parse(await asAda.GetStringAsync($"/v1/webhooks/received/{listed.Text("receivedId")}")).RootElement;
        Assert.Equal((null, Convert.ToBase64String(body)), (listed.Text("payload"), received.Text("payload")));
        Assert.DoesNotContain(secret, await asAda.GetStringAsync($"/v1/webhooks/sources?ownerId={ada}"), StringComparison.Ordinal);

        using var asBob = hooks.As("bob");
        foreach (var of in (string[])[path, $"{path}/received", $"/v1/webhooks/received/{listed.Text("receivedId")}", $"{path}/events"])
            await (await asBob.GetAsync(of)).ProblemAsync(404);
        await (await asBob.DeleteAsync(path)).ProblemAsync(404);
        await (await asBob.GetAsync($"/v1/webhooks/sources?ownerId={ada}")).ProblemAsync(403);
        Assert.Equal(HttpStatusCode.NoContent, (await asAda.DeleteAsync(path)).StatusCode);
        await (await SendAsync(source.Text("sourceId")!, new Sender(kind, secret).Sign(body, "evt_2"), body)).ProblemAsync(404);
    }

    [Theory]
    [InlineData("POST", "", """{}""", "ownerId,kind")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"unknown"}""", "kind")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"github","secret":"short"}""", "secret")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"stripe","secret":"aaaaaaaaaaaaaaaaaaaaaaaa"}""", "secret")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"standard","secret":"whsec_c2hvcnQ="}""", "secret")]
    [InlineData("POST", "/ID:rotateSecret", """{"overlapSeconds":604801}""", "overlapSeconds")]
    [InlineData("GET", "", null, "ownerId")]
    [InlineData("GET", "/ID/received?pageSize=-1", null, "pageSize")]
    [InlineData("GET", "/ID/received?pageToken=nonsense", null, "pageToken")]
    [InlineData("GET", "/ID/events?lastEventId=nonsense", null, "lastEventId")]
    public async Task What_is_wrong_is_said_by_the_name_of_the_field(string method, string path, string? body, string fields)
    {
        var (source, _) = await SourceAsync(SourceKind.Github);
        using var answer = await asAda.SendAsync(
            new HttpMethod(method), $"/v1/webhooks/sources{path.Replace("ID", source, StringComparison.Ordinal)}", body is null ? null : Http.Body(body.Replace("OWNER", ada, StringComparison.Ordinal)));
        Assert.Equal(fields.Split(','), (await answer.ProblemAsync(400)).Fields());
    }

    [Fact]
    public async Task Who_has_ten_sources_is_told_so_and_a_key_makes_one()
    {
        var body = $$"""{"ownerId":"{{ada}}","kind":"github"}""";
        var first = (await (await asAda.SendAsync(HttpMethod.Post, "/v1/webhooks/sources", Http.Body(body), ("Idempotency-Key", "k"))).JsonAsync()).GetProperty("source").Text("sourceId");
        var again = await (await asAda.SendAsync(HttpMethod.Post, "/v1/webhooks/sources", Http.Body(body), ("Idempotency-Key", "k"))).JsonAsync();
        Assert.Equal((first, null), (again.GetProperty("source").Text("sourceId"), again.Text("secret")));
        for (var i = 1; i < 10; i++)
            await SourceAsync(SourceKind.Github);
        Assert.Equal("TOO_MANY_SOURCES", (await (await PostAsync("/v1/webhooks/sources", body)).ProblemAsync(429)).Text("reason"));
    }

    [Fact]
    public async Task A_body_of_just_the_bound_is_taken_and_one_that_is_larger_or_compressed_or_without_an_id_is_not()
    {
        var (source, sender) = await SourceAsync(SourceKind.Github);
        await hooks.EndpointAsync(ada, $"{receiver.Address}/");
        var most = Encoding.UTF8.GetBytes(new string('"', MaxBody));
        await TakenAsync(source, sender.Sign(most, "most"), most);
        await Eventually.UntilAsync(() => !receiver.Received.IsEmpty, "it was sent on");

        byte[] more = [.. most, 0];
        await (await SendAsync(source, sender.Sign(more, "more"), more)).ProblemAsync(413);
        await (await SendAsync(source, new(sender.Sign(most, "gzip")) { ["content-encoding"] = "gzip" }, most)).ProblemAsync(415);
        Assert.Equal(["X-GitHub-Delivery"], (await (await SendAsync(source, sender.Sign(most, "no id"), most)).ProblemAsync(400)).Fields());
        var (standard, signing) = await SourceAsync(SourceKind.Standard);
        Assert.Equal("SIGNATURE_STALE", (await (await SendAsync(standard, signing.Sign([1], "1", DateTimeOffset.UtcNow.AddHours(-1)), [1])).ProblemAsync(401)).Text("reason"));
    }

    [Fact]
    public async Task A_body_that_never_ends_is_refused_and_so_is_one_that_stands_still()
    {
        var (source, _) = await SourceAsync(SourceKind.Github);
        using var endless = await ConnectAsync(hooks.Gateway, source);
        var answer = ReadAsync(endless);
        var chunk = Encoding.ASCII.GetBytes($"1000\r\n{new string('a', 4_096)}\r\n");
        try
        {
            while (!answer.IsCompleted)
                await endless.SendAsync(chunk);
        }
        catch (SocketException)
        {
            // It is cut off.
        }

        Assert.StartsWith("HTTP/1.1 413 ", await answer, StringComparison.Ordinal);

        await using var hasty = hooks.AnotherGateway(("Gateway:DefaultTimeout", "00:00:00.3"));
        using var still = await ConnectAsync(hasty, source);
        await still.SendAsync(chunk);
        Assert.StartsWith("HTTP/1.1 408 ", await ReadAsync(still), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_at_one_source_is_refused_and_another_source_is_served_all_the_while()
    {
        await using var gateway = hooks.AnotherGateway(("Limits:SourceRate", "1"), ("Limits:SourceBurst", "100"));
        using var client = new HttpClient { BaseAddress = gateway.RestAddress };
        var ((flooded, one), (served, other)) = (await SourceAsync(SourceKind.Github), await SourceAsync(SourceKind.Github));

        var flood = Task.WhenAll(Enumerable.Range(0, 300).Select(async i =>
        {
            using var answer = await SendAsync(flooded, one.Sign([1], $"{i}"), [1], client);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                Assert.Equal("RATE_LIMITED", (await answer.ProblemAsync(429)).Text("reason"));
            return answer.StatusCode;
        }));
        for (var i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(served, other.Sign([2], $"{i}"), [2], client)).StatusCode);

        var statuses = (await flood).CountBy(status => status).ToDictionary();
        Assert.Equal([HttpStatusCode.NoContent, HttpStatusCode.TooManyRequests], statuses.Keys.Order());
        Assert.InRange(statuses[HttpStatusCode.NoContent], 100, 150);
    }

    [Fact]
    public async Task Only_what_is_refused_counts_against_an_address()
    {
        await using var gateway = hooks.AnotherGateway(("Limits:AddressRate", "1"), ("Limits:AddressBurst", "100"));
        using var client = new HttpClient { BaseAddress = gateway.RestAddress };
        var (source, sender) = await SourceAsync(SourceKind.Github);
        for (var i = 0; i < 150; i++)
            Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(source, sender.Sign([1], $"{i}"), [1], client)).StatusCode);

        var statuses = new List<HttpStatusCode>();
        while (statuses.Count < 300 && !statuses.Contains(HttpStatusCode.TooManyRequests))
            statuses.Add((await SendAsync($"nothing{statuses.Count}", sender.Sign([1], "1"), [1], client)).StatusCode);

        Assert.InRange(statuses.Count(status => status == HttpStatusCode.NotFound), 99, 150);
        await (await SendAsync(source, sender.Sign([1], "late"), [1], client)).ProblemAsync(429);
    }

    private async Task<(string SourceId, Sender Sender)> SourceAsync(SourceKind kind)
    {
        var created = await hooks.Sources.CreateSourceAsync(new() { OwnerId = ada, Kind = kind });
        return (created.Source.SourceId, new(kind, created.Secret));
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) => asAda.SendAsync(HttpMethod.Post, path, Http.Body(body));

    private async Task<HttpResponseMessage> SendAsync(string source, Dictionary<string, string> headers, byte[] body, HttpClient? client = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/in/{source}") { Content = new ByteArrayContent(body) };
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content.Headers.TryAddWithoutValidation(name, value);
        }

        return await (client ?? sending).SendAsync(request);
    }

    private async Task TakenAsync(string source, Dictionary<string, string> headers, byte[] body)
    {
        using var answer = await SendAsync(source, headers, body);
        Assert.True(answer.StatusCode == HttpStatusCode.NoContent, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    private static async Task<Socket> ConnectAsync(GatewayFactory gateway, string source)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(gateway.RestAddress.Host, gateway.RestAddress.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST /in/{source} HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n"));
        return socket;
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        var buffer = new byte[4_096];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer).WaitAsync(Eventually.Timeout));
    }
}
