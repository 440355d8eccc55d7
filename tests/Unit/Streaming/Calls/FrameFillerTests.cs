using Google.Protobuf.Collections;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Streaming.Calls;

public sealed class FrameFillerTests : IDisposable
{
    private readonly CallParts parts = new();

    public void Dispose() => parts.Dispose();

    [Fact]
    public void A_frame_has_as_many_calls_as_it_may_and_the_next_has_the_others()
    {
        using var held = parts.Gate.EnterScope();
        var stream = parts.AddStream();
        foreach (var user in new[] { "a", "b", "c", "d" })
            parts.Place(user);

        Assert.Equal(["a", "b", "c"], parts.Send(stream));
        Assert.Equal(["d"], parts.Send(stream));
        Assert.Empty(parts.Send(stream));
    }

    [Fact]
    public void A_frame_gets_no_larger_than_it_may_and_a_call_that_is_larger_by_itself_goes_alone()
    {
        using var held = parts.Gate.EnterScope();
        var stream = parts.AddStream();
        foreach (var (user, bytes) in new[] { ("a", 500), ("b", 400), ("c", 100), ("huge", 5000), ("d", 10) })
            parts.Place(user, bytes);

        Assert.Equal(["a", "b"], parts.Send(stream));
        Assert.Equal(["c"], parts.Send(stream));
        Assert.Equal(["huge"], parts.Send(stream));
        Assert.Equal(["d"], parts.Send(stream));
    }

    [Fact]
    public void Cancellations_of_what_was_sent_travel_without_calls_once()
    {
        using var held = parts.Gate.EnterScope();
        var stream = parts.AddStream();
        var call = parts.Place();
        parts.Send(stream);
        var id = call.First!.Id;
        parts.Placement.Withdraw(call);

        Assert.Equal((WriterStep.Write, $"{id}"), Fill(stream));
        Assert.Equal((WriterStep.Wait, ""), Fill(stream));
    }

    [Fact]
    public void A_token_is_bound_with_the_first_call_that_has_it_on_each_stream()
    {
        using var held = parts.Gate.EnterScope();
        var streams = new[] { parts.AddStream(), parts.AddStream() };
        foreach (var (user, token) in new[] { ("a", "x"), ("b", null), ("c", "y"), ("d", "x") })
        {
            foreach (var stream in streams)
                parts.Placement.Place(parts.NewCall(user, token: token), stream);
        }

        foreach (var stream in streams)
        {
            var (calls, bind) = (new RepeatedField<LookupUsersCall>(), new RepeatedField<CallPrincipal>());
            parts.Frames.Fill(stream, calls, [], bind);
            Assert.Equal([1u, 0u, 2u], calls.Select(call => call.PrincipalId));
            Assert.Equal([(1u, "x"), (2u, "y")], bind.Select(bound => (bound.PrincipalId, bound.Token)));
            calls.Clear();
            bind.Clear();
            parts.Frames.Fill(stream, calls, [], bind);
            Assert.Equal([1u], calls.Select(call => call.PrincipalId));
            Assert.Empty(bind);
        }
    }

    [Fact]
    public void The_tokens_that_a_frame_binds_count_for_how_large_it_gets()
    {
        using var held = parts.Gate.EnterScope();
        var stream = parts.AddStream();
        foreach (var (user, token) in new[] { ("a", "x"), ("b", "y"), ("c", "x") })
            parts.Place(user, 10, new string(token[0], 600));

        Assert.Equal(["a", "b"], parts.Send(stream));
        Assert.Equal(["c"], parts.Send(stream));
    }

    [Fact]
    public void While_calls_are_gathered_nothing_is_sent_until_all_who_gather_have_ended()
    {
        using var held = parts.Gate.EnterScope();
        var stream = parts.AddStream();
        parts.Frames.BeginGathering();
        parts.Frames.BeginGathering();
        parts.Place();
        Assert.Equal((WriterStep.Wait, ""), Fill(stream));
        Assert.False(parts.Frames.EndGathering());
        Assert.Equal((WriterStep.Wait, ""), Fill(stream));
        Assert.True(parts.Frames.EndGathering());

        Assert.Equal(WriterStep.Write, Fill(stream).Step);
    }

    [Fact]
    public void A_stream_that_retires_is_completed_when_nothing_is_outstanding_and_a_broken_one_is_left()
    {
        using var held = parts.Gate.EnterScope();
        var stream = parts.AddStream();
        var call = parts.Place();
        parts.Send(stream);
        stream.State = StreamState.Retiring;
        Assert.Equal(WriterStep.Wait, Fill(stream).Step);
        Assert.NotNull(stream.TakeAnswered(call.First!.Id));
        Assert.Null(stream.TakeAnswered(call.First!.Id));
        Assert.Equal((WriterStep.Complete, StreamState.Completed), (Fill(stream).Step, stream.State));

        stream.State = StreamState.Broken;
        Assert.Equal(WriterStep.Stop, Fill(stream).Step);
    }

    private (WriterStep Step, string Cancels) Fill(StreamLink<LookupUsersCall, LookupUsersResult> stream)
    {
        var (calls, cancels) = (new RepeatedField<LookupUsersCall>(), new RepeatedField<ulong>());
        return (parts.Frames.Fill(stream, calls, cancels, []), string.Join(",", cancels));
    }
}
