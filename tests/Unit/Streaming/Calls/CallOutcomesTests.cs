using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming.Calls;

public sealed class CallOutcomesTests : IDisposable
{
    private readonly ConcurrencyLimit limit = new(1, 1000, new FakeTimeProvider());
    private readonly CallParts parts;

    public CallOutcomesTests() => parts = new(limit: limit);

    public void Dispose() => parts.Dispose();

    [Fact]
    public async Task Everybody_who_waits_for_a_call_has_its_answer_and_no_deadline_is_left()
    {
        var (call, tasks) = Joined(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        var answer = new LookupUsersResult();
        lock (parts.Gate)
        {
            Assert.Equal(parts.Time.GetTimestamp() + TimeSpan.FromSeconds(5).Ticks, call.Deadline);
            parts.Outcomes.Succeed(call, answer);
            Assert.Equal((0, 0), (parts.Wheel.Count, call.Waiters.Count));
        }

        Assert.All(await Task.WhenAll(tasks), result => Assert.Same(answer, result));
        Assert.Equal(0, limit.InFlight);
    }

    [Fact]
    public async Task Each_who_waits_for_a_call_that_failed_has_an_exception_of_its_own()
    {
        var (call, tasks) = Joined(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        lock (parts.Gate)
            parts.Outcomes.Fail(call, new Google.Rpc.Status { Code = (int)StatusCode.NotFound, Message = "No such user." });

        var errors = new[] { await Assert.ThrowsAsync<RpcException>(() => tasks[0]), await Assert.ThrowsAsync<RpcException>(() => tasks[1]) };
        Assert.NotSame(errors[0], errors[1]);
        Assert.All(errors, error => Assert.Equal((StatusCode.NotFound, "No such user."), (error.StatusCode, error.Status.Detail)));
        Assert.Equal(0, limit.InFlight);
    }

    [Fact]
    public async Task A_call_is_left_when_the_last_who_waits_for_it_leaves()
    {
        var (call, tasks) = Joined(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        lock (parts.Gate)
        {
            Assert.False(parts.Outcomes.Leave(call.Waiters.First!.Value, new OperationCanceledException(), isReachable: true));
            Assert.Equal(1, limit.InFlight);
            Assert.True(parts.Outcomes.Leave(call.Waiters.First!.Value, CallErrors.DeadlineExceeded(), isReachable: true));
        }

        await Assert.ThrowsAsync<OperationCanceledException>(() => tasks[0]);
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => tasks[1])).StatusCode);
        Assert.Equal(0, limit.InFlight);
    }

    [Fact]
    public void Who_is_shed_is_told_when_to_try_again()
    {
        var details = CallErrors.Shed().GetRpcStatus()!;

        Assert.Equal((int)StatusCode.ResourceExhausted, details.Code);
        Assert.Equal(TimeSpan.FromSeconds(1), details.GetDetail<Google.Rpc.RetryInfo>()!.RetryDelay.ToTimeSpan());
        Assert.Equal(CallErrors.ShedReason, details.GetDetail<Google.Rpc.ErrorInfo>()!.Reason);
    }

    /// <summary>A call with as many who wait for it.</summary>
    private (PendingCall<LookupUsersCall, LookupUsersResult> Call, Task<LookupUsersResult>[] Tasks) Joined(params TimeSpan[] timeouts)
    {
        lock (parts.Gate)
        {
            Assert.True(limit.TryEnter());
            var call = parts.Pool.RentCall(new() { UserId = "ada" }, bytes: 10, parts.Time.GetTimestamp());
            var waiters = timeouts.Select(timeout => parts.NewWaiter(timeout)).ToList();
            waiters.ForEach(waiter => parts.Outcomes.Join(call, waiter));
            return (call, [.. waiters.Select(waiter => waiter.Task.AsTask())]);
        }
    }
}
