using System.Text.Json;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Operations;

/// <summary>Keeps what a gateway tells of the suite's streams.</summary>
internal sealed class SuiteStreamsReader : IDisposable
{
    private readonly SseClient events;

    private SuiteStreamsReader(SseClient events) => this.events = events;

    /// <summary>What is open, by id, as far as it was told.</summary>
    public Dictionary<string, JsonElement> Open { get; } = [];

    /// <summary>The data of the last `event: streams`.</summary>
    public JsonElement State { get; private set; }

    public static async Task<SuiteStreamsReader> StartAsync(HttpClient http) => new(await SseClient.ReadyAsync(http, path: "/v1/streams"));

    /// <summary>Reads until there is such a stream.</summary>
    public async Task<JsonElement> UntilAsync(Func<JsonElement, bool> isIt)
    {
        await UntilAsync(() => Open.Values.Any(isIt));
        return Open.Values.First(isIt);
    }

    /// <summary>Reads until it is so after an `event: streams`.</summary>
    public async Task UntilAsync(Func<bool> isSo)
    {
        using var late = new CancellationTokenSource(Eventually.Timeout);
        while (await events.NextAsync() is { } next && !late.IsCancellationRequested)
        {
            if (next.Name == "stream")
                Open[next.Json.Text("streamId")!] = next.Json;
            if (next.Name != "streams")
                continue;
            State = next.Json;
            foreach (var gone in State.GetProperty("goneStreamIds").EnumerateArray())
                Open.Remove(gone.GetString()!);
            if (isSo())
                return;
        }

        Assert.Fail($"{State}: {string.Join('\n', Open.Values)}");
    }

    public void Dispose() => events.Dispose();
}
