using System.Text.Json.Nodes;
using Microservices.Tests.Support;

namespace Microservices.Tests.Hostile;

/// <summary>The events of a user's orders, by HTTP, as a browser follows them: it reconnects from the last id.</summary>
internal sealed class OrderEvents(HttpClient http, string userId) : IAsyncDisposable
{
    private readonly CancellationTokenSource over = new();
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private readonly List<string> orderIds = [];
    private readonly List<string> problems = [];
    private Task following = Task.CompletedTask;

    /// <summary>The orders whose events have come, in that order.</summary>
    public IReadOnlyList<string> OrderIds => Copy(orderIds);

    /// <summary>Every reset, and every time that the stream broke.</summary>
    public IReadOnlyList<string> Problems => Copy(problems);

    /// <summary>Begins; completes when the stream stands.</summary>
    public Task StartAsync()
    {
        following = FollowAsync();
        return ready.Task.WaitAsync(Eventually.Timeout);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await following;
        over.Dispose();
    }

    private async Task FollowAsync()
    {
        var last = "";
        while (!over.IsCancellationRequested)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/v1/users/{userId}/events", UriKind.Relative));
                if (last.Length > 0)
                    request.Headers.Add("Last-Event-ID", last);
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, over.Token);
                response.EnsureSuccessStatusCode();
                using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(over.Token));
                var (kind, data) = ("", "");
                while (await reader.ReadLineAsync(over.Token) is { } line && kind != "end")
                {
                    if (line.StartsWith("event: ", StringComparison.Ordinal))
                        kind = line[7..];
                    else if (line.StartsWith("data: ", StringComparison.Ordinal))
                        data = line[6..];
                    else if (line.StartsWith("id: ", StringComparison.Ordinal))
                        last = line[4..];
                    else if (line.Length == 0)
                        Receive(kind, data);
                }
            }
            catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
            {
                if (over.IsCancellationRequested)
                    return;
                Add(problems, $"the event stream broke: {broken.Message}");
            }
        }
    }

    private void Receive(string kind, string data)
    {
        ready.TrySetResult();
        if (kind == "reset")
            Add(problems, $"a reset: {data}");
        if (kind == "order")
            Add(orderIds, (string)JsonNode.Parse(data)!["order"]!["orderId"]!);
    }

    private void Add(List<string> list, string text)
    {
        lock (gate)
            list.Add(text);
    }

    private string[] Copy(List<string> list)
    {
        lock (gate)
            return [.. list];
    }
}
