using System.Collections.Concurrent;
using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Operations;

/// <summary>Keeps what a watch tells.</summary>
internal sealed class StreamWatcher : IAsyncDisposable
{
    private readonly AsyncServerStreamingCall<WatchStreamsResponse> call;
    private readonly ConcurrentDictionary<string, OpenStream> open = [];
    private readonly Task reading;

    public StreamWatcher(ChannelBase channel, string user, string method = "")
    {
        call = new StreamsService.StreamsServiceClient(channel).WatchStreams(new WatchStreamsRequest { User = user, Method = method });
        reading = ReadAsync();
    }

    public OpenStream? Find(Func<OpenStream, bool> condition) => open.Values.FirstOrDefault(condition);

    public async Task<OpenStream> UntilAsync(Func<OpenStream, bool> condition)
    {
        OpenStream? found = null;
        await Eventually.UntilAsync(() => (found = Find(condition)) is not null || reading.IsCompleted, "it is seen");
        return found!;
    }

    public Task GoneAsync(string id) => Eventually.UntilAsync(() => !open.ContainsKey(id), "it is gone");

    public async ValueTask DisposeAsync()
    {
        call.Dispose();
        await reading;
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                foreach (var stream in call.ResponseStream.Current.Streams)
                    open[stream.StreamId] = stream;
                foreach (var gone in call.ResponseStream.Current.GoneStreamIds)
                    open.TryRemove(gone, out _);
            }
        }
        catch (Exception e) when (e is RpcException or ObjectDisposedException)
        {
            // It has ended.
        }
    }
}
