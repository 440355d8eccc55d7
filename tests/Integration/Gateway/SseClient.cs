using System.Net;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A client of the events of "ada", or of another path, that reads one event at a time.</summary>
internal sealed class SseClient : IDisposable
{
    private const string AdasEvents = "/v1/users/ada/events";
    private readonly byte[] buffer = new byte[16 * 1024];
    private readonly Queue<SseEvent> read = [];
    private readonly Stream body;

    private SseClient(HttpResponseMessage response, Stream body) => (Response, this.body) = (response, body);

    public HttpResponseMessage Response { get; }

    public SseParser Parser { get; } = new();

    public static Task<HttpResponseMessage> GetAsync(HttpClient http, string? lastEventId = null, string query = "", string path = AdasEvents)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path + query);
        if (lastEventId is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Eventually.Timeout);
    }

    public static async Task<SseClient> OpenAsync(HttpClient http, string? lastEventId = null, string query = "", string path = AdasEvents)
    {
        var response = await GetAsync(http, lastEventId, query, path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new SseClient(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>Opens one and reads its first event.</summary>
    public static async Task<SseClient> ReadyAsync(HttpClient http, string? lastEventId = null, string query = "", string path = AdasEvents)
    {
        var client = await OpenAsync(http, lastEventId, query, path);
        Assert.Equal("ready", (await client.NextAsync())?.Name);
        return client;
    }

    /// <summary>The next event; null at the end of the stream.</summary>
    public async Task<SseEvent?> NextAsync()
    {
        while (read.Count == 0)
        {
            if (!await ReadAsync())
                return null;
        }

        return read.Dequeue();
    }

    public async Task<List<SseEvent>> NextAsync(int count)
    {
        var events = new List<SseEvent>();
        while (events.Count < count)
            events.Add(await NextAsync() ?? throw new InvalidOperationException($"The stream ended after {events.Count} of {count} events."));
        return events;
    }

    /// <summary>Reads what there is; false at the end of the stream.</summary>
    public async Task<bool> ReadAsync()
    {
        var count = await body.ReadAsync(buffer).AsTask().WaitAsync(Eventually.Timeout);
        foreach (var one in Parser.Read(buffer.AsMemory(0, count)))
            read.Enqueue(one);
        return count > 0;
    }

    public void Dispose() => Response.Dispose();
}
