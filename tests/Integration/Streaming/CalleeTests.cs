using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>The callee as the wire sees it: callers that are not ours, and callers that do not keep the rules.</summary>
public sealed class CalleeTests
{
    [Fact]
    public async Task The_first_frame_announces_the_credit_and_a_call_beyond_it_is_answered_RESOURCE_EXHAUSTED()
    {
        await using var host = await UsersHost.StartAsync(options: ("Credit", "3"));
        host.Backend.HoldAnswers();
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        Assert.Equal(3u, (await stream.NextAsync()).Control.Credit);

        await stream.RequestStream.WriteAsync(Frame(1, 2, 3, 4));
        var refused = Assert.Single((await stream.NextAsync()).Results);
        host.Backend.Release();
        var answers = await ResultsAsync(stream, 3);

        Assert.Equal((4ul, (int)StatusCode.ResourceExhausted), (refused.CallId, refused.Error.Code));
        Assert.Equal([1ul, 2ul, 3ul], answers.Select(a => a.CallId).Order());
        Assert.All(answers, a => Assert.Equal("u" + a.CallId, a.User.UserId));
        await EndAsync(stream);
    }

    [Fact]
    public async Task A_repeated_id_is_answered_ALREADY_EXISTS_while_the_first_call_goes_on()
    {
        await using var host = await UsersHost.StartAsync();
        host.Backend.HoldAnswers();
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.NextAsync();

        await stream.RequestStream.WriteAsync(Frame(7, 7));
        Assert.Equal((int)StatusCode.AlreadyExists, Assert.Single((await stream.NextAsync()).Results).Error.Code);
        host.Backend.Release();

        Assert.Equal("u7", Assert.Single((await stream.NextAsync()).Results).User.UserId);
        // Answered: the number is free again.
        await stream.RequestStream.WriteAsync(Frame(7));
        Assert.Equal("u7", Assert.Single((await stream.NextAsync()).Results).User.UserId);
        await EndAsync(stream);
    }

    [Fact]
    public async Task A_cancelled_call_is_answered_CANCELLED_and_one_out_of_time_DEADLINE_EXCEEDED_though_the_handler_hangs()
    {
        await using var host = await UsersHost.StartAsync();
        host.Backend.Handle = async (_, _) => await host.Backend.Gate;
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.NextAsync();

        var frame = Frame(1, 2);
        frame.Calls[1].TimeoutMs = 50;
        await stream.RequestStream.WriteAsync(frame);
        await stream.RequestStream.WriteAsync(new LookupUsersRequest { CancelCallIds = { 1, 99 } });
        var answers = await ResultsAsync(stream, 2);

        Assert.Equal((int)StatusCode.Cancelled, answers.Single(a => a.CallId == 1).Error.Code);
        Assert.Equal((int)StatusCode.DeadlineExceeded, answers.Single(a => a.CallId == 2).Error.Code);
        host.Backend.Release();
        await EndAsync(stream);
    }

    [Fact]
    public async Task A_frame_with_too_many_calls_ends_the_stream_with_INVALID_ARGUMENT()
    {
        await using var host = await UsersHost.StartAsync();
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.NextAsync();

        await stream.RequestStream.WriteAsync(Frame([.. Enumerable.Range(1, 1001).Select(i => (ulong)i)]));

        var error = await Assert.ThrowsAsync<RpcException>(() => ResultsAsync(stream, 1));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task What_a_handler_forgets_or_fails_to_answer_is_answered_INTERNAL_and_an_RpcException_keeps_its_status()
    {
        await using var host = await UsersHost.StartAsync();
        host.Backend.Handle = (batch, _) => batch[0].Message.CallId switch
        {
            1 => ValueTask.CompletedTask,
            2 => throw new InvalidOperationException("a secret"),
            _ => throw new RpcException(new Status(StatusCode.Unavailable, "No database.")),
        };
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.NextAsync();

        var errors = new List<Google.Rpc.Status>();
        for (var id = 1ul; id <= 3; id++)
        {
            await stream.RequestStream.WriteAsync(Frame(id));
            errors.Add(Assert.Single((await stream.NextAsync()).Results).Error);
        }

        Assert.Equal([(int)StatusCode.Internal, (int)StatusCode.Internal, (int)StatusCode.Unavailable], errors.Select(e => e.Code));
        Assert.DoesNotContain(errors, e => e.Message.Contains("secret", StringComparison.Ordinal));
        await EndAsync(stream);
    }

    [Fact]
    public async Task Half_closing_gets_every_answer_and_then_OK()
    {
        await using var host = await UsersHost.StartAsync(options: [("MaxConcurrentBatches", "1"), ("MaxBatch", "10")]);
        host.Backend.HoldAnswers();
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.NextAsync();

        await stream.RequestStream.WriteAsync(Frame([.. Enumerable.Range(1, 95).Select(i => (ulong)i)]));
        await stream.RequestStream.CompleteAsync();
        await Eventually.UntilAsync(() => host.Backend.Calls > 0, "the first batch is being handled");
        host.Backend.Release();

        Assert.Equal(95, (await ResultsAsync(stream, 95)).Select(r => r.CallId).Distinct().Count());
        await EndAsync(stream, completed: true);
        Assert.Equal(10, host.Backend.Batches.Count);
    }

    [Fact]
    public async Task A_draining_callee_says_so_answers_what_comes_and_ends_OK_when_the_caller_half_closes()
    {
        await using var host = await UsersHost.StartAsync();
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.NextAsync();

        await host.DrainAsync();
        var draining = (await stream.NextAsync()).Control.Draining;
        await stream.RequestStream.WriteAsync(Frame(1));

        Assert.InRange(draining.ReconnectAfter.ToTimeSpan(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal("u1", Assert.Single((await stream.NextAsync()).Results).User.UserId);
        await EndAsync(stream);
        Assert.Equal(StatusCode.OK, Assert.Single(host.Backend.StreamEnds));
    }

    [Fact]
    public async Task A_caller_that_does_not_leave_when_asked_to_gets_UNAVAILABLE_for_what_is_open_and_the_stream_ends()
    {
        await using var host = await UsersHost.StartAsync(options: ("DrainTimeout", "00:00:00.2"));
        host.Backend.Handle = async (_, token) => await Task.Delay(Timeout.Infinite, token);
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.NextAsync();
        await stream.RequestStream.WriteAsync(Frame(1));
        await Eventually.UntilAsync(() => host.Backend.Calls == 1, "the call is being handled");

        await host.DrainAsync();

        Assert.Equal((int)StatusCode.Unavailable, Assert.Single(await ResultsAsync(stream, 1)).Error.Code);
        var ended = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
    }

    [Fact]
    public async Task Three_hundred_streams_opened_and_ended_in_a_row_are_no_reason_for_ENHANCE_YOUR_CALM()
    {
        await using var host = await UsersHost.StartAsync();
        using var channel = GrpcChannel.ForAddress(host.Address);
        for (var i = 0; i < 300; i++)
        {
            using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
            await stream.NextAsync();
            await stream.RequestStream.WriteAsync(Frame(1));
            Assert.Single((await stream.NextAsync()).Results);
            await EndAsync(stream);
        }

        await Eventually.UntilAsync(() => host.Backend.StreamEnds.Count == 300, "all have ended");
        Assert.All(host.Backend.StreamEnds, end => Assert.Equal(StatusCode.OK, end));
    }

    [Fact]
    public async Task A_caller_that_stops_reading_is_cut_off_with_RESOURCE_EXHAUSTED_and_others_are_not_disturbed()
    {
        await using var host = await UsersHost.StartAsync(options: ("WriteTimeout", "00:00:00.5"));
        var large = new string('x', 20_000);
        host.Backend.Handle = (batch, _) =>
        {
            batch.AnswerEach(c => new() { User = new() { UserId = c.UserId, DisplayName = large } });
            return ValueTask.CompletedTask;
        };
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var other = new UsersService.UsersServiceClient(channel).LookupUsers();
        using var stalled = new UsersService.UsersServiceClient(channel).LookupUsers();
        await other.NextAsync();
        await stalled.NextAsync();

        await stalled.RequestStream.WriteAsync(Frame([.. Enumerable.Range(1, 1000).Select(i => (ulong)i)]));
        await Eventually.UntilAsync(() => !host.Backend.StreamEnds.IsEmpty, "the stream is cut off");
        await other.RequestStream.WriteAsync(Frame(1));

        Assert.Equal("u1", Assert.Single((await other.NextAsync()).Results).User.UserId);
        Assert.Equal(StatusCode.ResourceExhausted, Assert.Single(host.Backend.StreamEnds));
        var error = await Assert.ThrowsAsync<RpcException>(async () => await ResultsAsync(stalled, 1000));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        await EndAsync(other);
    }

    [Fact]
    public async Task An_old_stream_is_asked_to_leave()
    {
        await using var host = await UsersHost.StartAsync(options: ("MaxAge", "00:00:01"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.NextAsync();

        Assert.Equal(TimeSpan.Zero, (await stream.NextAsync()).Control.Draining.ReconnectAfter.ToTimeSpan());
        await EndAsync(stream);
    }

    private static LookupUsersRequest Frame(params ulong[] ids) =>
        new() { Calls = { ids.Select(id => new LookupUsersCall { CallId = id, UserId = "u" + id }) } };

    private static async Task<List<LookupUsersResult>> ResultsAsync(AsyncDuplexStreamingCall<LookupUsersRequest, LookupUsersResponse> stream, int count)
    {
        var results = new List<LookupUsersResult>();
        while (results.Count < count)
            results.AddRange((await stream.NextAsync()).Results);
        return results;
    }

    private static async Task EndAsync(AsyncDuplexStreamingCall<LookupUsersRequest, LookupUsersResponse> stream, bool completed = false)
    {
        if (!completed)
            await stream.RequestStream.CompleteAsync();
        Assert.False(await stream.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout));
        Assert.Equal(StatusCode.OK, stream.GetStatus().StatusCode);
    }
}
