using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Operations;

/// <summary>Keeps what a watch of a topic shows. Disposing of it ends the watch.</summary>
internal sealed class TopicWatcher(ChannelBase channel, WatchTopicRequest request) : IDisposable
{
    private readonly AsyncServerStreamingCall<WatchTopicResponse> call = new TopicsService.TopicsServiceClient(channel).WatchTopic(request);

    /// <summary>What was shown.</summary>
    public List<TopicEvent> Events { get; } = [];

    /// <summary>The resets so far.</summary>
    public List<TopicResetReason> Resets { get; } = [];

    /// <summary>The last frame.</summary>
    public WatchTopicResponse Last { get; private set; } = new();

    /// <summary>Returns once the answer has begun.</summary>
    public Task<Metadata> BegunAsync() => call.ResponseHeadersAsync;

    public async Task NextAsync()
    {
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout));
        Last = call.ResponseStream.Current;
        Events.AddRange(Last.Events);
        if (Last.Reset is { } reset)
            Resets.Add(reset.Reason);
    }

    public async Task UntilAsync(Func<bool> isSo)
    {
        using var late = new CancellationTokenSource(Eventually.Timeout);
        while (!isSo())
        {
            Assert.False(late.IsCancellationRequested, $"{Last}");
            await NextAsync();
        }
    }

    /// <summary>Reads until it has come to an offset.</summary>
    public Task UntilAsync(long offset) => UntilAsync(() => Last.Offset >= offset);

    public void Dispose() => call.Dispose();
}
