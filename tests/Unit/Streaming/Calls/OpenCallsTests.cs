using Grpc.Core;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Streaming.Calls;

/// <summary>Each call gets exactly one answer, whoever is first.</summary>
public sealed class OpenCallsTests : IDisposable
{
    private readonly ServerParts parts = new(credit: 3);
    private readonly CancellationTokenSource running = new();

    public void Dispose()
    {
        parts.Dispose();
        running.Dispose();
    }

    [Fact]
    public void The_handler_answers_once_and_is_told_so()
    {
        parts.Arrive(timeoutMs: 100, 1);
        var call = parts.TakeBatch(running)[0];

        Assert.True(call.Answer(new LookupUsersResult()));
        Assert.False(call.Fail(StatusCode.Internal, "again"));
        parts.Cancel(1);
        parts.Time.Advance(TimeSpan.FromSeconds(1));
        parts.Stream.Calls.AnswerAll(StatusCode.Cancelled, "over");

        Assert.Equal([(1ul, (StatusCode?)null)], parts.TakeAnswers());
    }

    [Fact]
    public void A_deadline_a_cancellation_and_the_end_of_the_stream_answer_in_the_place_of_the_handler()
    {
        parts.Arrive(timeoutMs: 100, 1);
        parts.Arrive(timeoutMs: 0, 2, 3);
        var batch = parts.TakeBatch(running);
        parts.Time.Advance(TimeSpan.FromMilliseconds(102));
        parts.Cancel(2);
        parts.Stream.Calls.AnswerAll(StatusCode.Unavailable, "over");

        Assert.All(batch, call => Assert.False(call.Answer(new LookupUsersResult())));
        Assert.Equal([(1ul, (StatusCode?)StatusCode.DeadlineExceeded), (2ul, StatusCode.Cancelled), (3ul, StatusCode.Unavailable)], parts.TakeAnswers());
    }

    [Fact]
    public async Task The_handler_is_cancelled_when_the_last_of_its_calls_is_answered_without_it_and_not_before()
    {
        parts.Arrive(timeoutMs: 0, 1, 2);
        var batch = parts.TakeBatch(running);
        parts.Cancel(1);
        Assert.False(running.IsCancellationRequested);
        parts.Cancel(2);

        await batch.Cancelling;
        Assert.True(running.IsCancellationRequested);
    }

    [Fact]
    public void An_id_that_is_open_and_a_call_beyond_the_credit_are_refused_and_the_others_go_on()
    {
        parts.Arrive(timeoutMs: 0, 1, 2, 1, 3, 4);
        Assert.Equal([(1ul, (StatusCode?)StatusCode.AlreadyExists), (4ul, StatusCode.ResourceExhausted)], parts.TakeAnswers());

        Assert.Equal([1ul, 2, 3], parts.TakeBatch(running).Select(call => call.Message.CallId));
    }

    [Fact]
    public void An_answer_that_is_meant_for_an_earlier_call_does_not_reach_the_next_that_is_kept_in_its_place()
    {
        parts.Arrive(timeoutMs: 0, 1);
        var batch = parts.TakeBatch(running);
        var late = batch[0];
        parts.Stream.EndBatch(batch, new Google.Rpc.Status { Code = (int)StatusCode.Internal });
        parts.Arrive(timeoutMs: 0, 2);

        Assert.True(late.IsAnswered);
        Assert.False(late.Answer(new LookupUsersResult()));
        Assert.Equal([(1ul, (StatusCode?)StatusCode.Internal)], parts.TakeAnswers());
    }

    [Fact]
    public void What_was_answered_before_its_batch_is_in_none_and_after_the_end_of_the_stream_nothing_is()
    {
        parts.Arrive(timeoutMs: 0, 1, 2);
        parts.Cancel(1);
        Assert.Equal([2ul], parts.TakeBatch(running).Select(call => call.Message.CallId));

        parts.Arrive(timeoutMs: 0, 3);
        parts.Stream.Calls.AnswerAll(StatusCode.Cancelled, "over");
        parts.Arrive(timeoutMs: 0, 5);
        Assert.Empty(parts.TakeBatch(running));
        Assert.Equal([1ul, 2, 3], parts.TakeAnswers().Select(answer => answer.Id).Order().ToArray());
    }
}
