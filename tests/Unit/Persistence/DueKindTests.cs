using Microservices.Persistence;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Persistence;

public sealed class DueKindTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void The_schedule_of_the_settings_doubles_up_to_its_longest_wait()
    {
        var options = new DueOptions { FirstRetry = TimeSpan.FromSeconds(1), MaxRetry = TimeSpan.FromSeconds(5), MaxAttempts = 6 };

        Assert.Equal([1, 2, 4, 5, 5], DueKind.Schedule(options).Select(delay => delay.TotalSeconds));
        Assert.Empty(DueKind.Schedule(new DueOptions { MaxAttempts = 1 }));
    }

    [Fact]
    public void Failed_work_is_due_again_by_the_schedule_up_to_a_fifth_later_until_it_has_come_to_its_end()
    {
        using var kind = new DueKind("x", [TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(100)], time);

        Assert.InRange(kind.NextRetry(1, null)!.Value.TotalSeconds, 10, 12);
        Assert.InRange(kind.NextRetry(2, null)!.Value.TotalSeconds, 100, 120);
        Assert.Null(kind.NextRetry(3, null));
        Assert.Null(kind.NextRetry(3, TimeSpan.FromSeconds(1)));
        Assert.True(Enumerable.Range(0, 100).Select(_ => kind.NextRetry(1, null)).Distinct().Count() > 50);
    }

    [Fact]
    public void A_wait_that_was_asked_for_is_kept_and_bounded()
    {
        using var kind = new DueKind("x", [TimeSpan.FromSeconds(10)], time);

        Assert.InRange(kind.NextRetry(1, TimeSpan.FromSeconds(1))!.Value.TotalSeconds, 10, 12);
        Assert.InRange(kind.NextRetry(1, TimeSpan.FromMinutes(1))!.Value.TotalSeconds, 60, 72);
        Assert.InRange(kind.NextRetry(1, TimeSpan.MaxValue)!.Value, NewDueWork.MaxDelay, 1.2 * NewDueWork.MaxDelay);
    }

    [Fact]
    public void A_kind_stalls_for_as_long_as_the_same_work_is_due()
    {
        using var kind = new DueKind("x", [], time);
        Assert.Equal(TimeSpan.Zero, kind.Stalled);

        kind.Saw(Due(first: 1));
        time.Advance(TimeSpan.FromSeconds(5));
        kind.Saw(Due(first: 1));
        Assert.Equal(5, kind.Stalled.TotalSeconds);

        kind.Saw(Due(first: 2));
        Assert.Equal(0, kind.Stalled.TotalSeconds);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, kind.Stalled.TotalSeconds);
        kind.Saw(Due(first: 0));
        Assert.Equal(TimeSpan.Zero, kind.Stalled);

        static DueCounts Due(long first) => new(1, 1, 0, first, TimeSpan.Zero);
    }

    public static TheoryData<NewDueWork, string> Bad => new()
    {
        { new("", []), "Kind must have 1 to 64 characters" },
        { new(new string('k', 65), []), "Kind must have 1 to 64 characters" },
        { new("x", []) { Id = "" }, "Id must have 1 to 64 characters" },
        { new("x", []) { Id = new string('i', 65) }, "Id must have 1 to 64 characters" },
        { new("x", []) { Key = new string('k', 201) }, "Key must have at most 200 characters" },
        { new("x", new byte[NewDueWork.MaxPayloadBytes + 1]), "Payload must have at most 262144 bytes" },
        { new("x", []) { Delay = TimeSpan.FromTicks(-1) }, "Delay must be from 0" },
        { new("x", []) { Delay = NewDueWork.MaxDelay + TimeSpan.FromTicks(1) }, "Delay must be from 0" },
        { new("x", []) { Priority = (DuePriority)3 }, "Priority must be one of" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Work_that_is_larger_than_it_may_be_says_so_and_by_which_property(NewDueWork work, string violation) =>
        Assert.StartsWith(violation, work.Violation, StringComparison.Ordinal);

    [Fact]
    public void Work_at_its_bounds_is_good() =>
        Assert.Null(new NewDueWork(new string('k', 64), new byte[NewDueWork.MaxPayloadBytes]) { Id = new string('i', 64), Key = new string('k', 200), Delay = NewDueWork.MaxDelay }.Violation);
}
