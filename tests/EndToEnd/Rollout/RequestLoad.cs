using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microservices.Tests.Support;

namespace Microservices.Tests.EndToEnd.Rollout;

/// <summary>
/// Overviews and orders of users over HTTP at a rate, each sent when it is due, with the token of its user, however long those before it take. Whatever is not answered in
/// full is a failure: a status, a broken connection, an overview that lacks a part.
/// </summary>
public sealed class RequestLoad(HttpClient http, IReadOnlyList<string> users)
{
    // How slow an answer may be is asked of all of them together.
    private const string RequestTimeout = "60";
    private readonly ConcurrentQueue<(DateTime At, TimeSpan Took, string What)> answered = [];
    private readonly ConcurrentQueue<string> failures = [];
    private readonly ConcurrentDictionary<string, string> placed = new();

    /// <summary>What failed, and how.</summary>
    public IReadOnlyCollection<string> Failures => failures;

    /// <summary>The orders that were answered as placed: their users by their ids.</summary>
    public IReadOnlyDictionary<string, string> Placed => placed;

    /// <summary>Until cancelled; then waits for the answers.</summary>
    public Task RunAsync(int overviewsPerSecond, int ordersPerSecond, CancellationToken until) => Task.WhenAll(
        RepeatAsync(overviewsPerSecond, "overview", OverviewAsync, until), RepeatAsync(ordersPerSecond, "order", PlaceAsync, until));

    /// <summary>How long the requests took that were sent in a window, ascending.</summary>
    public TimeSpan[] Latencies(DateTime from, DateTime to) => [.. answered.Where(a => a.At >= from && a.At < to).Select(a => a.Took).Order()];

    /// <summary>The slowest request of a window, for a person.</summary>
    public string Slowest(DateTime from, DateTime to)
    {
        var slowest = answered.Where(a => a.At >= from && a.At < to).MaxBy(a => a.Took);
        return string.Create(CultureInfo.InvariantCulture, $"{slowest.Took.TotalMilliseconds:0} ms ({slowest.What} at {slowest.At:HH:mm:ss.f})");
    }

    private async Task RepeatAsync(int perSecond, string what, Func<int, Task> request, CancellationToken until)
    {
        var open = new List<Task>();
        var clock = Stopwatch.StartNew();
        for (var sent = 0; !until.IsCancellationRequested;)
        {
            for (var due = clock.Elapsed.TotalSeconds * perSecond; sent < due; sent++)
                open.Add(MeasureAsync(request, what, sent));
            open.RemoveAll(o => o.IsCompleted);
            await Task.Delay(2, CancellationToken.None);
        }

        await Task.WhenAll(open);
    }

    private async Task MeasureAsync(Func<int, Task> request, string what, int number)
    {
        var (at, started) = (DateTime.UtcNow, Stopwatch.GetTimestamp());
        try
        {
            await request(number);
            answered.Enqueue((at, Stopwatch.GetElapsedTime(started), what));
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException or InvalidOperationException)
        {
            failures.Enqueue($"{at:HH:mm:ss.fff} {what}: {failed.Message} {failed.InnerException?.Message}");
        }
    }

    private async Task OverviewAsync(int number)
    {
        var userId = users[number % users.Count];
        var path = $"/v1/users/{userId}/overview";
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Request-Timeout", RequestTimeout } } };
        request.Headers.Authorization = new("Bearer", Tokens.Of(userId));
        using var answer = await http.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode != HttpStatusCode.OK || !body.Contains("\"complete\":true", StringComparison.Ordinal))
            throw new InvalidOperationException($"GET {path}: {answer.StatusCode} {body}");
    }

    private async Task PlaceAsync(int number)
    {
        var userId = users[number % users.Count];
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/orders")
        {
            Headers = { { "Idempotency-Key", string.Create(CultureInfo.InvariantCulture, $"rest-{number}") }, { "Request-Timeout", RequestTimeout } },
            Content = JsonContent.Create(new
            {
                userId,
                lines = new[] { new { productId = "tea", quantity = 1, unitPrice = new { amount = "5", currency = "EUR" } } },
            }),
        };
        request.Headers.Authorization = new("Bearer", Tokens.Of(userId));
        using var answer = await http.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode != HttpStatusCode.Created || answer.Headers.TryGetValues("Idempotency-Replayed", out var replayed) && replayed.Contains("true"))
            throw new InvalidOperationException($"POST /v1/orders: {answer.StatusCode} {body}");
        placed[JsonSerializer.Deserialize<JsonElement>(body).GetProperty("orderId").GetString()!] = userId;
    }
}
