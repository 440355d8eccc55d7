namespace Microservices.Tests.Unit.Streaming.Calls;

public sealed class CallPlacementTests : IDisposable
{
    private readonly CallParts parts = new();

    public void Dispose() => parts.Dispose();

    [Fact]
    public void Beyond_credit_calls_wait_and_get_what_comes_free_in_the_order_of_their_arrival()
    {
        using var held = parts.Gate.EnterScope();
        var stream = parts.AddStream(credit: 1);
        foreach (var user in new[] { "a", "b", "c", "d" })
            parts.Place(user);
        Assert.Equal(3, parts.Placement.Waiting);

        stream.Credit = 3;
        // A new call does not overtake those that wait.
        Assert.Null(parts.Placement.StreamForNewCall());
        parts.Placement.PlaceWaiting();

        Assert.Equal(["a", "b", "c"], parts.Send(stream));
        Assert.Equal("d", parts.Placement.FirstWaiting!.Message!.UserId);
    }

    [Fact]
    public void A_call_that_its_stream_has_failed_waits_before_all_others()
    {
        using var held = parts.Gate.EnterScope();
        parts.Place("first");
        var failed = parts.NewCall("failed");
        parts.Placement.PlaceAgain(failed);

        Assert.Same(failed, parts.Placement.FirstWaiting);
        Assert.Equal(2, parts.Placement.Waiting);
    }

    [Fact]
    public void Each_copy_has_an_id_of_its_own_and_the_time_that_is_left_and_those_after_the_first_are_clones()
    {
        using var held = parts.Gate.EnterScope();
        var (one, other) = (parts.AddStream(), parts.AddStream());
        var call = parts.Place();
        var message = call.First!.Message;
        parts.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.True(parts.Placement.TryPlaceHedge(call));

        Assert.NotSame(call.First.Stream, call.Second!.Stream);
        Assert.Same(call.Message, message);
        Assert.NotSame(message, call.Second.Message);
        Assert.Equal(call.First.Id, message.CallId);
        Assert.Equal((call.First.Id + 1, 60_000u, 40_000u), (call.Second.Message.CallId, message.TimeoutMs, call.Second.Message.TimeoutMs));
        Assert.Equal((1, 1), (one.Outstanding, other.Outstanding));
    }

    [Fact]
    public void A_hedge_goes_to_no_other_stream_of_the_same_replica()
    {
        using var held = parts.Gate.EnterScope();
        parts.AddStream();
        var call = parts.Place();

        Assert.False(parts.Placement.TryPlaceHedge(call));
        Assert.Null(call.Second);
    }

    [Fact]
    public void A_withdrawn_call_waits_no_more_is_not_sent_if_it_was_queued_and_is_cancelled_if_it_was_sent()
    {
        using var held = parts.Gate.EnterScope();
        var stream = parts.AddStream(credit: 2);
        var sent = parts.Place("sent");
        Assert.Equal(["sent"], parts.Send(stream));
        var queued = parts.Place("queued");
        var waiting = parts.Place("waiting");
        foreach (var call in new[] { sent, queued, waiting })
            parts.Placement.Withdraw(call);

        Assert.Empty(parts.Send(stream));
        Assert.Equal(0, parts.Placement.Waiting);
        // The one that was sent keeps its credit until the callee has answered it.
        Assert.Equal(1, stream.Outstanding);
    }
}
