using Microservices.Primitives;
using Microservices.Streaming.Calls;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming.Calls;

public sealed class ReplicaOutageTests : IDisposable
{
    private readonly Lock gate = new();
    private readonly FakeTimeProvider time = new();
    private readonly DeadlineWheel wheel;
    private readonly ReplicaOutage outage;
    private int becameLong;

    public ReplicaOutageTests()
    {
        wheel = new(gate, TimeSpan.FromMilliseconds(1), time);
        outage = new(wheel, TimeSpan.FromSeconds(1), time, () => becameLong++);
    }

    private bool IsLong => outage.IsLong(time.GetTimestamp());

    public void Dispose() => wheel.Dispose();

    [Fact]
    public void An_outage_becomes_long_once_and_stays_so_until_it_ends()
    {
        Begin();
        time.Advance(TimeSpan.FromMilliseconds(998));
        Assert.Equal((false, 0), (IsLong, becameLong));
        time.Advance(TimeSpan.FromMilliseconds(4));
        Assert.Equal((true, 1), (IsLong, becameLong));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((true, 1), (IsLong, becameLong));

        End();
        Assert.False(IsLong);
    }

    [Fact]
    public void One_that_ends_in_time_is_never_long_and_the_next_begins_anew()
    {
        Begin();
        time.Advance(TimeSpan.FromMilliseconds(900));
        End();
        time.Advance(TimeSpan.FromMilliseconds(900));
        Begin();
        time.Advance(TimeSpan.FromMilliseconds(900));

        Assert.Equal((false, 0), (IsLong, becameLong));
    }

    [Fact]
    public void Whoever_finds_out_later_does_not_put_it_off()
    {
        Begin();
        time.Advance(TimeSpan.FromMilliseconds(900));
        Begin();
        time.Advance(TimeSpan.FromMilliseconds(110));

        Assert.Equal((true, 1), (IsLong, becameLong));
    }

    private void Begin()
    {
        lock (gate)
            outage.Begin(time.GetTimestamp());
    }

    private void End()
    {
        lock (gate)
            outage.End();
    }
}
