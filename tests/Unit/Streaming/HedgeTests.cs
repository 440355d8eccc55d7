using System.Diagnostics.Metrics;
using Google.Protobuf.Collections;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>Calls that are due to be hedged while the budget is empty.</summary>
public sealed class HedgeTests : IDisposable
{
    private const int Calls = 500;
    private readonly CountedTimers time = new();
    private readonly long start;
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CallTable<LookupUsersCall, LookupUsersResult> table;
    private readonly StreamLink<LookupUsersCall, LookupUsersResult> one = new(new object());
    private readonly StreamLink<LookupUsersCall, LookupUsersResult> other = new(new object());
    private readonly List<Task<LookupUsersResult>> outcomes = [];

    public HedgeTests()
    {
        start = time.GetTimestamp();
        var metrics = new CallClientMetrics(services.GetRequiredService<IMeterFactory>(), "test");
        table = new(UsersService.LookupUsers, new CallStreamClientOptions(), metrics, time);
        table.Streams.OnFrame(one, [], new() { Credit = 10_000 });
        table.Streams.OnFrame(other, [], new() { Credit = 10_000 });
        // 100 calls that take 2 ms: the p95 is known, and the budget has five.
        for (var i = 0; i < 100; i++)
            Submit($"quick{i}");
        var (first, second) = (Take(one), Take(other));
        time.Advance(TimeSpan.FromMilliseconds(2));
        Answer(one, first);
        Answer(other, second);
    }

    public void Dispose()
    {
        table.Dispose();
        services.Dispose();
    }

    [Fact]
    public void Both_replicas_stall_and_no_call_is_looked_at_again_before_the_budget_has_earned()
    {
        Stall();
        var before = time.Armed;
        for (var i = 0; i < 1_000; i++)
            time.Advance(TimeSpan.FromMilliseconds(1));

        // All that was earned is spent, and no more; and for a second the timer has slept, but for the wheel's own turns.
        Assert.InRange(Hedged.Count, ((100 + Calls) / 20) - 2, (100 + Calls) / 20);
        Assert.InRange(time.Armed, before, before + 10);
        Assert.Empty(Take(one));
        Assert.Empty(Take(other));
    }

    [Fact]
    public void What_the_budget_earns_goes_to_the_slowest_first_and_an_answered_call_is_hedged_no_more()
    {
        Stall();
        var hedged = Hedged;
        var waiting = sent.Select(copy => copy.Call.UserId).Where(id => !hedged.Contains(id)).ToList();

        // A fifth of them are answered; the others, in the order in which they came, get one copy for twenty new calls.
        var answered = waiting.Take(waiting.Count / 5).ToHashSet();
        foreach (var (link, call) in sent.Where(copy => answered.Contains(copy.Call.UserId)).ToList())
            Answer(link, [call]);
        for (var i = 0; i < 200; i++)
            Submit($"new{i}");
        TakeBoth();
        TakeBoth();
        var copies = Hedged.Except(hedged).ToList();

        Assert.InRange(copies.Count, 9, 10);
        Assert.Equal(waiting.Where(id => !answered.Contains(id)).Take(copies.Count).Order(), copies.Order());
    }

    // The copies that were sent and not looked at by a test yet.
    private readonly List<(StreamLink<LookupUsersCall, LookupUsersResult> Link, LookupUsersCall Call)> sent = [];

    private HashSet<string> Hedged => [.. sent.GroupBy(copy => copy.Call.UserId).Where(copies => copies.Count() > 1).Select(copies => copies.Key)];

    // Nothing is answered from now on. A tick apart, so that it is known which is slower.
    private void Stall()
    {
        for (var i = 0; i < Calls; i++)
        {
            Submit($"slow{i}");
            TakeBoth();
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        time.Advance(TimeSpan.FromMilliseconds(10));
        TakeBoth();
    }

    private void TakeBoth()
    {
        sent.AddRange(Take(one).Select(call => (one, call)));
        sent.AddRange(Take(other).Select(call => (other, call)));
    }

    // All have the same deadline, and so the same slot of the wheel: the timer is armed for nothing else but hedges.
    private void Submit(string userId) =>
        outcomes.Add(table.Submit(new() { UserId = userId }, bytes: 20, TimeSpan.FromMinutes(1) - time.GetElapsedTime(start), default, shared: false, CancellationToken.None).AsTask());

    private List<LookupUsersCall> Take(StreamLink<LookupUsersCall, LookupUsersResult> link)
    {
        var (calls, cancels) = (new RepeatedField<LookupUsersCall>(), new RepeatedField<ulong>());
        table.Streams.TakeFrame(link, calls, cancels, []);
        return [.. calls];
    }

    private void Answer(StreamLink<LookupUsersCall, LookupUsersResult> link, IEnumerable<LookupUsersCall> calls) =>
        table.Streams.OnFrame(link, [.. calls.Select(call => new LookupUsersResult { CallId = call.CallId, User = new() })], null);

    private sealed class CountedTimers : FakeTimeProvider
    {
        /// <summary>How often a timer was armed.</summary>
        public int Armed { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Counted(this, base.CreateTimer(callback, state, dueTime, period));

        private sealed class Counted(CountedTimers owner, ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                owner.Armed++;
                return timer.Change(dueTime, period);
            }

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
