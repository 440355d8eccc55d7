using Microservices.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Primitives;

public sealed class DeadlineWheelTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(5_000)]
    [InlineData(3_600_000)]
    public void A_deadline_falls_due_once_within_a_tick_and_never_early(int milliseconds)
    {
        var time = new FakeTimeProvider();
        var gate = new Lock();
        using var wheel = new DeadlineWheel(gate, TimeSpan.FromMilliseconds(1), time);
        time.Advance(TimeSpan.FromMilliseconds(77));
        var fired = 0;
        lock (gate)
            wheel.Add(new Due(() => fired++), time.GetTimestamp() + (milliseconds * TimeSpan.TicksPerMillisecond));

        if (milliseconds > 1)
            time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        Assert.Equal(0, fired);
        time.Advance(TimeSpan.FromMilliseconds(2));
        time.Advance(TimeSpan.FromHours(2));

        Assert.Equal((1, 0), (fired, wheel.Count));
    }

    [Fact]
    public void A_removed_deadline_never_falls_due_even_if_one_that_fell_due_with_it_removed_it()
    {
        var time = new FakeTimeProvider();
        var gate = new Lock();
        using var wheel = new DeadlineWheel(gate, TimeSpan.FromMilliseconds(1), time);
        var fired = new List<string>();
        Due first = null!, second = null!, third = new(() => fired.Add("third"));
        first = new(() => Fire("first", second));
        second = new(() => Fire("second", first));
        lock (gate)
        {
            foreach (var node in new[] { first, second, third })
                wheel.Add(node, 5 * TimeSpan.TicksPerMillisecond + time.GetTimestamp());
            wheel.Remove(third);
            wheel.Remove(third);
        }

        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Single(fired);

        void Fire(string name, Due other)
        {
            fired.Add(name);
            wheel.Remove(other);
        }
    }
}
