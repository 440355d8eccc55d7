using System.Net;
using System.Text.Json;
using Microservices.Tests.Support;

namespace Microservices.Tests.EndToEnd.Rollout;

/// <summary>
/// Follows the events of a user over HTTP as its browser does: connects again with the last id, after as long as it was told, and remembers
/// what came.
/// </summary>
public sealed class EventFollower
{
    private readonly Lock gate = new();
    private readonly List<string> events = [];
    private readonly List<string> failures = [];
    private readonly HttpClient http;
    private string lastId = "";
    private TimeSpan retry;

    private EventFollower(HttpClient http, string userId) => (this.http, UserId) = (http, userId);

    /// <summary>Whose events.</summary>
    public string UserId { get; }

    /// <summary>Ends with the test.</summary>
    public Task Reading { get; private set; } = Task.CompletedTask;

    /// <summary>How often a stream began.</summary>
    public int Streams { get; private set; }

    /// <summary>How many events came.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return events.Count;
        }
    }

    /// <summary>Each event: its kind, its order and the order's version.</summary>
    public IReadOnlyList<string> Events
    {
        get
        {
            lock (gate)
                return [.. events];
        }
    }

    /// <summary>Connections refused, streams that ended without <c>end</c>, and resets.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (gate)
                return [.. failures];
        }
    }

    /// <summary>Begins to follow.</summary>
    public static EventFollower Start(HttpClient http, string userId, CancellationToken until)
    {
        var follower = new EventFollower(http, userId);
        follower.Reading = follower.FollowAsync(until);
        return follower;
    }

    private async Task FollowAsync(CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            try
            {
                if (!await ReadAsync(until) && !until.IsCancellationRequested)
                    Fail("ended without a word");
            }
            catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException)
            {
                if (!until.IsCancellationRequested)
                    Fail($"{broken.Message} {broken.InnerException?.Message}");
            }

            await Task.Delay(retry, until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Reads one stream; true when the gateway said that this is the end.</summary>
    private async Task<bool> ReadAsync(CancellationToken until)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/{UserId}/events") { Headers = { Authorization = new("Bearer", Tokens.Of(UserId)) } };
        if (lastId.Length > 0)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastId);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, until);
        if (answer.StatusCode != HttpStatusCode.OK)
            throw new HttpRequestException($"{answer.StatusCode} {await answer.Content.ReadAsStringAsync(until)}");
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(until));
        var (name, data, id) = ("", "", "");
        while (await lines.ReadLineAsync(until) is { } line)
        {
            if (line.Length == 0)
            {
                lastId = id.Length > 0 ? id : lastId;
                if (name == "end")
                    return true;
                Take(name, data);
                (name, data, id) = ("", "", "");
            }
            else if (Value(line, "event: ") is { } named)
            {
                name = named;
            }
            else if (Value(line, "data: ") is { } said)
            {
                data = said;
            }
            else if (Value(line, "id: ") is { } given)
            {
                id = given;
            }
            else if (Value(line, "retry: ") is { } wait)
            {
                retry = TimeSpan.FromMilliseconds(int.Parse(wait, System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return false;
    }

    private static string? Value(string line, string field) => line.StartsWith(field, StringComparison.Ordinal) ? line[field.Length..] : null;

    private void Take(string name, string data)
    {
        switch (name)
        {
            case "ready":
                Streams++;
                break;
            case "reset":
                Fail($"reset: {data}");
                break;
            case "order" or "notification":
                var subject = JsonSerializer.Deserialize<JsonElement>(data).GetProperty(name);
                lock (gate)
                    events.Add($"{name} {subject.GetProperty("orderId").GetString()}");
                break;
        }
    }

    private void Fail(string why)
    {
        lock (gate)
            failures.Add($"{DateTime.UtcNow:HH:mm:ss.fff}: {why}");
    }
}
