using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A caller of LookupOverviews that writes and reads one thing at a time.</summary>
internal sealed class LookupStream : IAsyncDisposable
{
    private readonly AsyncDuplexStreamingCall<LookupOverviewsRequest, LookupOverviewsResponse> call;
    private readonly Queue<LookupOverviewsResult> results = [];

    private LookupStream(AsyncDuplexStreamingCall<LookupOverviewsRequest, LookupOverviewsResponse> call) => this.call = call;

    /// <summary>As last announced.</summary>
    public uint Credit { get; private set; }

    /// <summary>The announcement that the gateway is leaving, once it has come.</summary>
    public Draining? Draining { get; private set; }

    /// <summary>Opens one and reads the credit.</summary>
    public static async Task<LookupStream> OpenAsync(GatewayService.GatewayServiceClient client)
    {
        var stream = new LookupStream(client.LookupOverviews());
        await stream.ReadAsync();
        return stream;
    }

    public Task CallAsync(params (ulong Id, string User, uint TimeoutMs)[] calls)
    {
        var frame = new LookupOverviewsRequest();
        frame.Calls.AddRange(calls.Select(one => new LookupOverviewsCall
        {
            CallId = one.Id,
            TimeoutMs = one.TimeoutMs,
            Overview = new GetOverviewRequest { UserId = one.User },
        }));
        return call.RequestStream.WriteAsync(frame);
    }

    public Task CancelAsync(params ulong[] ids) => call.RequestStream.WriteAsync(new LookupOverviewsRequest { CancelCallIds = { ids } });

    /// <summary>The next answer.</summary>
    public async Task<LookupOverviewsResult> ResultAsync()
    {
        while (results.Count == 0)
        {
            if (!await ReadAsync())
                throw new InvalidOperationException("The stream ended before the answer.");
        }

        return results.Dequeue();
    }

    /// <summary>Reads one frame; false at the end of the stream.</summary>
    public async Task<bool> ReadAsync()
    {
        if (!await call.ResponseStream.MoveNext().WaitAsync(Eventually.Timeout))
            return false;
        var frame = call.ResponseStream.Current;
        if (frame.Control?.HasCredit == true)
            Credit = frame.Control.Credit;
        Draining ??= frame.Control?.Draining;
        foreach (var result in frame.Results)
            results.Enqueue(result);
        return true;
    }

    /// <summary>Half-closes and reads to the end: the answers that were still to come.</summary>
    public async Task<List<LookupOverviewsResult>> FinishAsync()
    {
        await call.RequestStream.CompleteAsync();
        while (await ReadAsync())
        {
        }

        return [.. results];
    }

    public ValueTask DisposeAsync()
    {
        call.Dispose();
        return ValueTask.CompletedTask;
    }
}
