using System.Net;
using System.Text.Json;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>Jobs behind a gateway.</summary>
public sealed class JobsGateway : JobsHost
{
    internal GatewayFactory Gateway { get; private set; } = null!;

    /// <summary>A client of REST that is this user, to be disposed of.</summary>
    public HttpClient As(string userId) => new(Tokens.Bearer(new SocketsHttpHandler(), Tokens.Authority.Person(userId))) { BaseAddress = Gateway.RestAddress };

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Gateway = new(("Backends:Jobs:Addresses:0", Address));
    }

    public override async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await base.DisposeAsync();
    }
}

/// <summary>Jobs over REST.</summary>
public sealed class JobRoutesTests(JobsGateway jobs) : IClassFixture<JobsGateway>, IAsyncLifetime
{
    private const string Jobs = "/v1/jobs";
    private const string Later = "\"dueTime\":\"2026-12-31T00:00:00Z\"";
    private readonly string ada = $"ada-{Guid.NewGuid():n}";
    private HttpClient asAda = null!;
    private HttpClient asBob = null!;

    public Task InitializeAsync()
    {
        (asAda, asBob) = (jobs.As(ada), jobs.As("bob"));
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        asAda.Dispose();
        asBob.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData("hash", """{"text":"abc"}""", "hex", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("hash", """{"algorithm":"HASH_ALGORITHM_SHA3_256","data":"YWJj","rounds":"1"}""", "hex", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")]
    [InlineData("csv-statistics", """{"csv":"a;b\n1;2\n3;4\n","separator":";"}""", "rows", "2")]
    public async Task A_job_is_enqueued_once_for_a_key_and_its_output_is_read_as_JSON(string kind, string input, string field, string value)
    {
        var body = $$"""{"ownerId":"{{ada}}","kind":"{{kind}}","input":{{input}},"priority":"high","timeoutSeconds":60,"maxAttempts":2}""";
        using var created = await PostAsync(asAda, Jobs, body, ("Idempotency-Key", "k"));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var job = await created.JsonAsync();
        var path = created.Headers.Location!.OriginalString;
        Assert.Equal(($"{Jobs}/{job.Text("jobId")}", "high", 60), (path, job.Text("priority"), job.GetProperty("timeoutSeconds").GetInt32()));

        using var repeated = await PostAsync(asAda, Jobs, body, ("Idempotency-Key", "k"));
        Assert.Equal(("true", path), (repeated.Headers.GetValues("Idempotency-Replayed").Single(), repeated.Headers.Location?.OriginalString));
        await UntilAsync(path, "succeeded");
        var output = (await JsonAsync(asAda, $"{path}/result")).GetProperty("output");
        Assert.Equal(value, output.Text(field));
    }

    [Fact]
    public async Task Who_asks_for_the_same_unique_key_attaches_to_the_job_which_is_cancelled_and_listed_by_state()
    {
        var body = $$"""{"ownerId":"{{ada}}","kind":"hash","input":{},"uniqueKey":"u",{{Later}}}""";
        using var created = await PostAsync(asAda, Jobs, body);
        using var attached = await PostAsync(asAda, Jobs, body);
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (created.StatusCode, attached.StatusCode));
        var path = created.Headers.Location!.OriginalString;
        Assert.Equal(path, attached.Headers.Location?.OriginalString);

        Assert.Equal("cancelled", (await (await PostAsync(asAda, $"{path}:cancel")).JsonAsync()).Text("state"));
        Assert.False((await JsonAsync(asAda, $"{path}/result")).TryGetProperty("output", out _));
        Assert.Equal((1, 0), (await CountAsync("cancelled"), await CountAsync("waiting")));

        async Task<int> CountAsync(string state) => (await JsonAsync(asAda, $"{Jobs}?ownerId={ada}&state={state}")).GetProperty("jobs").GetArrayLength();
    }

    [Fact]
    public async Task An_owner_sees_its_own_alone_and_an_operator_sees_all()
    {
        using var created = await PostAsync(asAda, Jobs, $$"""{"ownerId":"{{ada}}","kind":"hash","input":{},{{Later}}}""");
        var path = created.Headers.Location!.OriginalString;
        foreach (var seen in (string[])[path, $"{path}/result"])
        {
            await JsonAsync(asAda, seen);
            await JsonAsync(jobs.Gateway.Rest, seen);
            await (await asBob.GetAsync(seen)).ProblemAsync(404);
        }

        await (await SseClient.GetAsync(asBob, path: $"{path}/events")).ProblemAsync(404);
        await (await PostAsync(asBob, $"{path}:cancel")).ProblemAsync(404);
        await (await asBob.GetAsync($"{Jobs}?ownerId={ada}")).ProblemAsync(403);
        await (await PostAsync(asBob, Jobs, $$"""{"ownerId":"{{ada}}","kind":"hash","input":{} }""")).ProblemAsync(403);
    }

    [Theory]
    [InlineData("POST", "", "{}", "ownerId,kind,input")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"unheard-of","input":{}}""", "kind")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"hash","input":{"texts":"a"}}""", "input")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"hash","input":[]}""", "input")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"hash","input":"text"}""", "input")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"hash","input":{"data":"!"}}""", "input")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"hash","input":{"rounds":-1}}""", "input.rounds")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"hash","input":{},"timeoutSeconds":0,"maxAttempts":21,"uniqueKey":"a b"}""", "timeoutSeconds,maxAttempts,uniqueKey")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"hash","input":{},"dueTime":"2300-01-01T00:00:00Z"}""", "dueTime")]
    [InlineData("POST", "", """{"ownerId":"OWNER","kind":"hash","input":{},"priority":"urgent"}""", "priority")]
    [InlineData("GET", "", null, "ownerId")]
    [InlineData("GET", "?ownerId=OWNER&state=lost", null, "state")]
    [InlineData("GET", "?ownerId=OWNER&pageSize=-1", null, "pageSize")]
    public async Task What_is_wrong_is_said_by_the_name_of_the_field(string method, string path, string? body, string fields)
    {
        using var answer = await asAda.SendAsync(new HttpMethod(method), Jobs + path.Replace("OWNER", ada, StringComparison.Ordinal), body is null ? null : Http.Body(body.Replace("OWNER", ada, StringComparison.Ordinal)));
        Assert.Equal(fields.Split(',').Order(), (await answer.ProblemAsync(400)).Fields().Order());
    }

    [Fact]
    public async Task Events_of_a_job_tell_how_far_it_comes_and_go_on_from_the_last_id()
    {
        using var created = await PostAsync(asAda, Jobs, $$"""{"ownerId":"{{ada}}","kind":"hash","input":{"rounds":"10000000000"} }""");
        var path = created.Headers.Location!.OriginalString;
        using var client = await SseClient.ReadyAsync(asAda, path: $"{path}/events");
        await UntilAsync(path, "running");
        await PostAsync(asAda, $"{path}:cancel");
        using var other = await PostAsync(asAda, Jobs, $$"""{"ownerId":"{{ada}}","kind":"hash","input":{} }""");

        var (last, cancelling) = (await NextAsync(client), "");
        while (last.Json.Text("kind") != "ended")
        {
            Assert.EndsWith(last.Json.GetProperty("job").Text("jobId")!, path, StringComparison.Ordinal);
            if (last.Json.Text("kind") == "cancelling")
                cancelling = last.Id;
            last = await NextAsync(client);
        }

        using var again = await SseClient.ReadyAsync(asAda, lastEventId: cancelling, path: $"{path}/events");
        var next = await NextAsync(again);
        while (next.Json.Text("kind") == "progressed")
            next = await NextAsync(again);
        Assert.Equal(last.Json.ToString(), next.Json.ToString());
    }

    private static async Task<(string Id, JsonElement Json)> NextAsync(SseClient client)
    {
        while (true)
        {
            var next = (await client.NextAsync())!;
            if (next.Name == "job")
                return (next.LastEventId, JsonElement.Parse(next.Data));
        }
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string? body = null, (string Name, string Value)? header = null) =>
        client.SendAsync(HttpMethod.Post, path, body is null ? null : Http.Body(body), header);

    private static async Task<JsonElement> JsonAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        var json = await answer.JsonAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {json}");
        return json;
    }

    private Task UntilAsync(string path, string state) => Eventually.UntilAsync(async () => (await JsonAsync(asAda, path)).Text("state") == state, $"{path} is {state}");
}
