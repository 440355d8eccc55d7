using System.Net;
using Microservices.Tests.Integration.Gateway;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>Schedules over REST.</summary>
public sealed class ScheduleRoutesTests(JobsGateway jobs) : IClassFixture<JobsGateway>, IDisposable
{
    private const string Schedules = "/v1/schedules";
    private readonly string ada = $"ada-{Guid.NewGuid():n}";
    private readonly HttpClient asBob = jobs.As("bob");
    private HttpClient? asAda;

    private HttpClient AsAda => asAda ??= jobs.As(ada);

    public void Dispose()
    {
        asAda?.Dispose();
        asBob.Dispose();
    }

    [Fact]
    public async Task A_schedule_is_made_once_for_a_key_pauses_goes_on_and_is_deleted()
    {
        var body = $$"""{"ownerId":"{{ada}}","cron":"0 12 1 1 *","timeZone":"Asia/Kathmandu","kind":"hash","input":{"text":"a"},"priority":"low","timeoutSeconds":60,"maxAttempts":2}""";
        using var created = await AsAda.SendAsync(HttpMethod.Post, Schedules, Http.Body(body), ("Idempotency-Key", "k"));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var schedule = await created.JsonAsync();
        var path = created.Headers.Location!.OriginalString;
        Assert.Equal(($"{Schedules}/{schedule.Text("scheduleId")}", "low", "Asia/Kathmandu", 60), (path, schedule.Text("priority"), schedule.Text("timeZone"), schedule.GetProperty("timeoutSeconds").GetInt32()));
        Assert.EndsWith("-01-01T06:15:00Z", schedule.Text("nextTime"), StringComparison.Ordinal);
        using var repeated = await AsAda.SendAsync(HttpMethod.Post, Schedules, Http.Body(body), ("Idempotency-Key", "k"));
        Assert.Equal(("true", path), (repeated.Headers.GetValues("Idempotency-Replayed").Single(), repeated.Headers.Location?.OriginalString));

        using var paused = await AsAda.SendAsync(HttpMethod.Patch, path, Http.Body("""{"paused":true}"""));
        Assert.False((await paused.JsonAsync()).TryGetProperty("nextTime", out _));
        using var goesOn = await AsAda.SendAsync(HttpMethod.Patch, path, Http.Body("""{"paused":false}"""));
        Assert.Equal(schedule.ToString(), (await goesOn.JsonAsync()).ToString());
        using var listed = await AsAda.GetAsync($"{Schedules}?ownerId={ada}");
        Assert.Equal(schedule.ToString(), (await listed.JsonAsync()).GetProperty("schedules").EnumerateArray().Single().ToString());
        using var got = await jobs.Gateway.Rest.GetAsync(path);
        Assert.Equal(schedule.ToString(), (await got.JsonAsync()).ToString());

        await (await asBob.GetAsync(path)).ProblemAsync(404);
        await (await asBob.DeleteAsync(path)).ProblemAsync(404);
        await (await asBob.SendAsync(HttpMethod.Patch, path, Http.Body("""{"paused":true}"""))).ProblemAsync(404);
        await (await asBob.GetAsync($"{Schedules}?ownerId={ada}")).ProblemAsync(403);
        using var deleted = await AsAda.DeleteAsync(path);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await (await AsAda.GetAsync(path)).ProblemAsync(404);
    }

    [Theory]
    [InlineData("POST", "", "{}", "ownerId,cron,kind,input")]
    [InlineData("POST", "", """{"ownerId":"OWNER","cron":"* * * * * *","timeZone":"Mars","kind":"hash","input":{"rounds":-1}}""", "cron,timeZone,input.rounds")]
    [InlineData("POST", "", """{"ownerId":"OWNER","cron":"* * * * *","kind":"unheard-of","input":{}}""", "kind")]
    [InlineData("PATCH", "/a", "{}", "paused")]
    [InlineData("GET", "", null, "ownerId")]
    public async Task What_is_wrong_is_said_by_the_name_of_the_field(string method, string path, string? body, string fields)
    {
        using var answer = await AsAda.SendAsync(new HttpMethod(method), Schedules + path, body is null ? null : Http.Body(body.Replace("OWNER", ada, StringComparison.Ordinal)));
        Assert.Equal(fields.Split(',').Order(), (await answer.ProblemAsync(400)).Fields().Order());
    }
}
