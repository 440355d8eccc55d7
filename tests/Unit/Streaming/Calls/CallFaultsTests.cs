using Grpc.Core;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Streaming.Calls;

/// <summary>Calls that are delayed, failed, or cut their stream.</summary>
public sealed class CallFaultsTests : IDisposable, ICallInterceptor
{
    private static readonly Google.Rpc.Status Broken = new() { Code = (int)StatusCode.DataLoss };
    private readonly Queue<FaultDecision> decisions = new();
    private readonly CancellationTokenSource running = new();
    private readonly ServerParts parts;
    private int cuts;
    private int released;

    public CallFaultsTests()
    {
        parts = new(interceptor: this, cut: () => Interlocked.Increment(ref cuts));
        parts.Stream.Released = () => Interlocked.Increment(ref released);
    }

    public void Dispose()
    {
        parts.Dispose();
        running.Dispose();
    }

    public FaultDecision Intercept(string method)
    {
        Assert.Equal("/users.v1.UsersService/LookupUsers", method);
        return decisions.TryDequeue(out var decision) ? decision : default;
    }

    [Fact]
    public async Task A_delayed_call_is_handled_when_its_delay_is_over_and_holds_up_no_other()
    {
        decisions.Enqueue(new() { Delay = TimeSpan.FromSeconds(1) });
        parts.Arrive(timeoutMs: 0, 1, 2);
        Assert.Equal([2ul], parts.TakeBatch(running).Select(call => call.Message.CallId));
        parts.Time.Advance(TimeSpan.FromMilliseconds(1_002));

        Assert.Equal([1ul], parts.TakeBatch(running).Select(call => call.Message.CallId));
        await Eventually.UntilAsync(() => Volatile.Read(ref released) == 1, "the workers are told");
    }

    [Fact]
    public void A_failed_call_is_answered_after_its_delay_and_not_handled()
    {
        decisions.Enqueue(new() { Error = Broken });
        decisions.Enqueue(new() { Error = Broken, Delay = TimeSpan.FromSeconds(1) });
        parts.Arrive(timeoutMs: 0, 1, 2);
        Assert.Equal([(1ul, (StatusCode?)StatusCode.DataLoss)], parts.TakeAnswers());
        parts.Time.Advance(TimeSpan.FromMilliseconds(1_002));

        Assert.Equal([(2ul, (StatusCode?)StatusCode.DataLoss)], parts.TakeAnswers());
        Assert.Empty(parts.TakeBatch(running));
    }

    [Fact]
    public async Task A_call_cuts_its_stream_once_unless_it_was_answered_meanwhile()
    {
        decisions.Enqueue(new() { CutsStream = true, Delay = TimeSpan.FromSeconds(1) });
        decisions.Enqueue(new() { CutsStream = true });
        parts.Arrive(timeoutMs: 100, 1);
        parts.Time.Advance(TimeSpan.FromMilliseconds(200));
        parts.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([(1ul, (StatusCode?)StatusCode.DeadlineExceeded)], parts.TakeAnswers());
        parts.Arrive(timeoutMs: 0, 2);

        await Eventually.UntilAsync(() => Volatile.Read(ref cuts) == 1, "the stream is cut");
        Assert.Empty(parts.TakeAnswers());
    }
}
