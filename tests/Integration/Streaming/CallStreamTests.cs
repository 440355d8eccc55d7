using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Streaming;

public sealed class CallStreamTests
{
    private static readonly CallSettings Unshared = new() { Unshared = true };

    [Fact]
    public async Task A_hundred_concurrent_calls_travel_in_few_frames_and_are_handled_in_few_batches()
    {
        await using var host = await UsersHost.StartAsync();
        await using var client = new UsersClient([host]);
        await client.LookupAsync("warm");
        var (frames, batches) = (host.Backend.Frames, host.Backend.Batches.Count);

        var users = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.LookupAsync($"u{i}")));

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"u{i}"), users.Select(u => u.UserId));
        Assert.InRange(host.Backend.Frames - frames, 1, 20);
        Assert.InRange(host.Backend.Batches.Count - batches, 1, 20);
        await client.NothingIsLeftAsync();
    }

    [Fact]
    public async Task What_arrives_while_the_handlers_are_busy_is_one_batch()
    {
        await using var host = await UsersHost.StartAsync(options: ("MaxConcurrentBatches", "1"));
        host.Backend.HoldAnswers();
        await using var client = new UsersClient([host]);
        var first = client.LookupAsync("first");
        await Eventually.UntilAsync(() => host.Backend.Calls == 1, "the handler is busy");

        var rest = Enumerable.Range(0, 100).Select(i => client.LookupAsync($"u{i}")).ToArray();
        await Eventually.UntilAsync(() => host.Backend.Arrived == 101, "they have arrived");
        host.Backend.Release();
        await first;
        await Task.WhenAll(rest);

        Assert.InRange(host.Backend.Batches.Count, 2, 3);
    }

    [Fact]
    public async Task One_bad_call_fails_alone_with_its_own_status_and_no_text_of_an_exception()
    {
        await using var host = await UsersHost.StartAsync();
        await using var client = new UsersClient([host]);

        var good = client.LookupAsync("good");
        var missing = client.LookupAsync("missing");
        var throws = client.LookupAsync("throws");

        Assert.Equal("good", (await good).UserId);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => missing)).StatusCode);
        var internalError = await Assert.ThrowsAsync<RpcException>(() => throws);
        Assert.Equal(StatusCode.Internal, internalError.StatusCode);
        Assert.DoesNotContain("secret", internalError.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(1, host.Backend.Streams);
    }

    [Fact]
    public async Task A_call_that_is_not_answered_in_time_fails_with_DEADLINE_EXCEEDED_and_its_handler_is_cancelled()
    {
        await using var host = await UsersHost.StartAsync();
        var cancelled = host.Backend.HangUntilCancelledAsync();
        await using var client = new UsersClient([host]);

        // The time of the first may have passed before there was a stream to send it on.
        await Eventually.UntilAsync(async () =>
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => client.LookupAsync("slow", new() { Timeout = TimeSpan.FromMilliseconds(200) }));
            Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
            return host.Backend.Calls > 0;
        }, "a call has reached its handler");
        await cancelled.WaitAsync(Eventually.Timeout);
        await client.NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_cancelled_call_ends_at_once_and_cancels_its_handler()
    {
        await using var host = await UsersHost.StartAsync();
        var cancelled = host.Backend.HangUntilCancelledAsync();
        await using var client = new UsersClient([host]);
        using var hangUp = new CancellationTokenSource();
        var call = client.LookupAsync("u", cancellationToken: hangUp.Token);
        await Eventually.UntilAsync(() => host.Backend.Calls == 1, "the call is being handled");

        await hangUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await cancelled.WaitAsync(Eventually.Timeout);
        await client.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Beyond_credit_calls_wait_and_beyond_the_bound_they_are_shed()
    {
        await using var host = await UsersHost.StartAsync(options: ("Credit", "5"));
        host.Backend.HoldAnswers();
        await using var client = new UsersClient([host], o => o.MaxWaiting = 10);
        var calls = Enumerable.Range(0, 5).Select(i => client.LookupAsync($"u{i}")).ToList();
        await Eventually.UntilAsync(() => client.Counter("in_flight") == 5, "the credit is used up");

        calls.AddRange(Enumerable.Range(5, 10).Select(i => client.LookupAsync($"u{i}")));
        var shed = await Assert.ThrowsAsync<RpcException>(() => client.LookupAsync("one too many"));

        Assert.Equal(StatusCode.ResourceExhausted, shed.StatusCode);
        // At once: nobody's turn came meanwhile.
        Assert.DoesNotContain(calls, call => call.IsCompleted);
        Assert.Equal(1, client.Counter("shed"));
        host.Backend.Release();
        await Task.WhenAll(calls);
        Assert.Equal(15, host.Backend.Calls);
        await client.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Without_any_replica_calls_fail_UNAVAILABLE_after_a_while_and_then_at_once()
    {
        await using var client = new UsersClient([], o => o.UnavailableAfter = TimeSpan.FromMilliseconds(200));

        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => client.LookupAsync("u"))).StatusCode);
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => client.LookupAsync("u", Unshared))).StatusCode);
        Assert.Equal(0, client.Calls.Count);
    }

    [Fact]
    public async Task Disposing_answers_what_was_sent_and_refuses_what_comes_later()
    {
        await using var host = await UsersHost.StartAsync();
        host.Backend.HoldAnswers();
        var client = new UsersClient([host]);
        var sent = client.LookupAsync("u");
        await Eventually.UntilAsync(() => host.Backend.Calls == 1, "the call is being handled");

        var disposing = client.DisposeAsync();
        await Eventually.UntilAsync(() => client.LookupAsync("v", Unshared).IsFaulted, "new calls are refused");
        host.Backend.Release();
        await disposing;

        Assert.Equal("u", (await sent).UserId);
        await Eventually.UntilAsync(() => host.Backend.StreamEnds.Count == 1, "the stream has ended");
        Assert.All(host.Backend.StreamEnds, end => Assert.Equal(StatusCode.OK, end));
    }
}
