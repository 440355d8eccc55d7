using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Streaming.Calls;

/// <summary>What becomes of a call when one of its copies has failed.</summary>
public sealed class FailOverTests : IDisposable
{
    private readonly CallParts parts = new();

    public void Dispose() => parts.Dispose();

    [Fact]
    public void A_call_whose_stream_broke_is_sent_again_three_times_in_all()
    {
        using var held = parts.Gate.EnterScope();
        parts.AddStream();
        var call = Sent();

        Assert.True(parts.FailOver.TryAfterLoss(call, call.First!, Now));
        parts.SendAll();
        Assert.True(parts.FailOver.TryAfterLoss(call, call.First!, Now));
        parts.SendAll();
        Assert.False(parts.FailOver.TryAfterLoss(call, call.First!, Now));
    }

    [Fact]
    public void It_is_not_sent_again_when_its_time_is_up_or_the_client_is_closed()
    {
        using var held = parts.Gate.EnterScope();
        parts.AddStream();
        var call = Sent();
        Assert.False(parts.FailOver.TryAfterLoss(call, call.First!, call.Deadline));

        var other = Sent();
        parts.FailOver.Stop();
        Assert.False(parts.FailOver.TryAfterLoss(other, other.First!, Now));
    }

    [Fact]
    public void One_that_may_not_be_repeated_is_never_sent_again()
    {
        using var once = new CallParts(idempotent: false);
        using var held = once.Gate.EnterScope();
        once.AddStream();
        var call = once.Place();
        once.SendAll();

        Assert.False(once.FailOver.TryAfterLoss(call, call.First!, once.Time.GetTimestamp()));
    }

    [Fact]
    public void While_another_copy_is_under_way_that_one_is_waited_for()
    {
        using var held = parts.Gate.EnterScope();
        parts.AddStream();
        parts.AddStream();
        var (lost, refused) = (Hedged(), Hedged());
        var (left, other) = (lost.Second, refused.First);

        Assert.True(parts.FailOver.TryAfterLoss(lost, lost.First!, Now));
        Assert.True(parts.FailOver.TryAfterError(refused, refused.Second!, Error(StatusCode.Unavailable), Now));

        Assert.Equal((left, null), (lost.First, lost.Second));
        Assert.Equal((other, null), (refused.First, refused.Second));
    }

    [Theory]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.InvalidArgument)]
    [InlineData(StatusCode.Internal)]
    public void An_error_that_another_copy_would_have_too_is_the_outcome(StatusCode code)
    {
        using var held = parts.Gate.EnterScope();
        parts.AddStream();
        parts.AddStream();
        var call = Hedged();

        Assert.False(parts.FailOver.TryAfterError(call, call.Second!, Error(code), Now));
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, false, false)]
    [InlineData(StatusCode.Unavailable, true, true)]
    [InlineData(StatusCode.ResourceExhausted, true, false)]
    [InlineData(StatusCode.DeadlineExceeded, false, false)]
    public void The_only_copy_is_sent_again_when_its_callee_was_leaving(StatusCode code, bool isLeaving, bool again)
    {
        using var held = parts.Gate.EnterScope();
        parts.AddStream().State = isLeaving ? StreamState.Retiring : StreamState.Ready;
        var call = Sent();

        Assert.Equal(again, parts.FailOver.TryAfterError(call, call.First!, Error(code), Now));
    }

    [Fact]
    public void A_call_that_was_out_of_time_for_the_first_who_asked_is_sent_again_for_one_who_has_more()
    {
        using var held = parts.Gate.EnterScope();
        parts.AddStream();
        var call = Sent();
        call.Deadline += TimeSpan.TicksPerMinute;

        Assert.True(parts.FailOver.TryAfterError(call, call.First!, Error(StatusCode.DeadlineExceeded), Now));
        Assert.Equal(call.Deadline, call.First!.Deadline);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_call_whose_principal_is_not_known_is_bound_anew_and_sent_again_once(bool mayBeRepeated)
    {
        using var parts = new CallParts(idempotent: mayBeRepeated);
        using var held = parts.Gate.EnterScope();
        parts.AddStream();
        var call = parts.Place(token: "token");
        parts.SendAll();
        Assert.Equal(1u, call.First!.Message.PrincipalId);

        Assert.True(parts.FailOver.TryAfterError(call, call.First!, CallResults.PrincipalUnknown, parts.Time.GetTimestamp()));
        parts.SendAll();
        Assert.Equal([(1u, "token"), (2u, "token")], parts.Bind.Select(bound => (bound.PrincipalId, bound.Token)));
        Assert.Equal(2u, call.First!.Message.PrincipalId);

        Assert.False(parts.FailOver.TryAfterError(call, call.First!, CallResults.PrincipalUnknown, parts.Time.GetTimestamp()));
    }

    [Fact]
    public void Calls_whose_number_was_forgotten_share_the_next_one()
    {
        using var held = parts.Gate.EnterScope();
        parts.AddStream();
        PendingCall<LookupUsersCall, LookupUsersResult>[] calls = [parts.Place("a", token: "token"), parts.Place("b", token: "token")];
        parts.SendAll();

        foreach (var call in calls)
        {
            Assert.True(parts.FailOver.TryAfterError(call, call.First!, CallResults.PrincipalUnknown, Now));
            parts.SendAll();
        }

        Assert.Equal([1u, 2u], parts.Bind.Select(bound => bound.PrincipalId));
        Assert.All(calls, call => Assert.Equal(2u, call.First!.Message.PrincipalId));
    }

    [Fact]
    public void One_that_is_made_for_the_process_itself_has_no_principal_to_be_unknown()
    {
        using var held = parts.Gate.EnterScope();
        parts.AddStream();
        var call = Sent();

        Assert.False(parts.FailOver.TryAfterError(call, call.First!, CallResults.PrincipalUnknown, Now));
    }

    private static Google.Rpc.Status Error(StatusCode code) => new() { Code = (int)code };

    private long Now => parts.Time.GetTimestamp();

    private PendingCall<LookupUsersCall, LookupUsersResult> Sent()
    {
        var call = parts.Place();
        parts.SendAll();
        return call;
    }

    private PendingCall<LookupUsersCall, LookupUsersResult> Hedged()
    {
        var call = Sent();
        Assert.True(parts.Placement.TryPlaceHedge(call));
        parts.SendAll();
        return call;
    }
}
