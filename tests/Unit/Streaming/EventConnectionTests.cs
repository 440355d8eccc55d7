using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>A stream that is cut by its own side, just then.</summary>
public sealed class EventConnectionTests
{
    private readonly FakeTimeProvider time = new();
    private readonly Stream stream = new();

    [Fact]
    public async Task A_stream_that_was_cut_between_two_reads_is_a_broken_one()
    {
        await using var connection = Connect();
        await connection.OpenAsync(new(), default);
        Assert.NotNull(await connection.NextAsync(default));
        stream.Disposed = true;

        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => connection.NextAsync(default))).StatusCode);
    }

    [Fact]
    public async Task A_stream_that_is_cut_just_as_it_stands_does_not_stand()
    {
        await using var connection = Connect();
        stream.OnWrite = () =>
        {
            stream.OnWrite = () => { };
            time.Advance(new EventStreamClientOptions().ConnectTimeout);
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.OpenAsync(new(), default));
        Assert.True(stream.Disposed);
    }

    private EventConnection<WatchOrdersRequest, WatchOrdersResponse> Connect() => new(
        new AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse>(
            stream, stream, Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => stream.Disposed = true),
        1, null, new EventStreamClientOptions(), time);

    // As a call of Grpc.Net: once disposed it cannot be read.
    private sealed class Stream : IClientStreamWriter<WatchOrdersRequest>, IAsyncStreamReader<WatchOrdersResponse>
    {
        public bool Disposed { get; set; }

        public Action OnWrite { get; set; } = () => { };

        public WatchOrdersResponse Current { get; } = new();

        public WriteOptions? WriteOptions { get; set; }

        public Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            ObjectDisposedException.ThrowIf(Disposed, this);
            return Task.FromResult(true);
        }

        public Task WriteAsync(WatchOrdersRequest message)
        {
            OnWrite();
            return Task.CompletedTask;
        }

        public Task CompleteAsync() => Task.CompletedTask;
    }
}
