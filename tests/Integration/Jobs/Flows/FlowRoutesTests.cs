using System.Net;
using System.Text.Json;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>Flows over REST.</summary>
public sealed class FlowRoutesTests(JobsGateway jobs) : IClassFixture<JobsGateway>, IAsyncLifetime
{
    private const string Flows = "/v1/flows";
    private readonly string ada = $"ada-{Guid.NewGuid():n}";
    private HttpClient asAda = null!;
    private HttpClient asBob = null!;

    private string Body => $$"""{"ownerId":"{{ada}}","kind":"archive-csv","input":{"csv":"a,b\n1,2\n"} }""";

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

    [Fact]
    public async Task A_flow_is_started_once_for_a_key_and_told_of_and_approved_of_and_run_again()
    {
        using var created = await PostAsync(asAda, Flows, Body, ("Idempotency-Key", "k"));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var path = created.Headers.Location!.OriginalString;
        using var repeated = await PostAsync(asAda, Flows, Body, ("Idempotency-Key", "k"));
        Assert.Equal(("true", path), (repeated.Headers.GetValues("Idempotency-Replayed").Single(), repeated.Headers.Location?.OriginalString));
        using var events = await SseClient.ReadyAsync(asAda, path: $"{path}/events");
        await UntilAsync(path, "waiting", steps: 2);
        await (await PostAsync(asBob, $"{path}:decide", """{"name":"archive","approved":true}""")).ProblemAsync(404);
        await (await SseClient.GetAsync(asBob, path: $"{path}/events")).ProblemAsync(404);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(asAda, $"{path}:signal", """{"name":"unasked","payload":"YWJj"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(asAda, $"{path}:decide", """{"name":"archive","approved":true}""")).StatusCode);

        var done = await UntilAsync(path, "succeeded", steps: 4);
        Assert.Equal(("1", true), (done.GetProperty("output").GetProperty("statistics").Text("rows"), done.GetProperty("output").GetProperty("approved").GetBoolean()));
        Assert.Equal("approval", done.GetProperty("steps")[1].Text("kind"));
        string? last = null;
        while (last != "ended")
        {
            if (await events.NextAsync() is { Name: "flow" } next)
                last = JsonElement.Parse(next.Data).Text("kind");
        }

        using var again = await PostAsync(asAda, $"{path}:rerun", """{"fromStep":3}""");
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        var compared = await UntilAsync(again.Headers.Location!.OriginalString, "succeeded", steps: 4);
        Assert.All(compared.GetProperty("steps").EnumerateArray(), step => Assert.Equal("same", step.Text("comparison")));
        Assert.Equal(2, (await JsonAsync(asAda, $"{Flows}?ownerId={ada}&state=succeeded")).GetProperty("flows").GetArrayLength());
        Assert.Equal("succeeded", (await (await PostAsync(asAda, $"{path}:cancel")).JsonAsync()).Text("state"));
    }

    [Theory]
    [InlineData("", "{}", "ownerId,kind,input")]
    [InlineData("", """{"ownerId":"OWNER","kind":"unheard-of","input":{}}""", "kind")]
    [InlineData("", """{"ownerId":"OWNER","kind":"archive-csv","input":{"texts":"a"}}""", "input")]
    [InlineData("", """{"ownerId":"OWNER","kind":"archive-csv","input":{}}""", "input.csv")]
    [InlineData("/any:signal", "{}", "name")]
    [InlineData("/any:decide", "{}", "name,approved")]
    [InlineData("/any:rerun", """{"fromStep":-1}""", "fromStep")]
    public async Task What_is_wrong_is_said_by_the_name_of_the_field(string path, string body, string fields)
    {
        using var answer = await PostAsync(asAda, Flows + path, body.Replace("OWNER", ada, StringComparison.Ordinal));
        Assert.Equal(fields.Split(',').Order(), (await answer.ProblemAsync(400)).Fields().Order());
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

    private async Task<JsonElement> UntilAsync(string path, string state, int steps)
    {
        var now = default(JsonElement);
        await Eventually.UntilAsync(async () =>
        {
            now = await JsonAsync(asAda, path);
            return now.GetProperty("flow").Text("state") == state && now.GetProperty("steps").GetArrayLength() == steps;
        }, $"{path} is {state}");
        return now;
    }
}
