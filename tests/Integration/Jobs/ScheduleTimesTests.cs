using System.Globalization;
using Microservices.Jobs;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>When the jobs of a schedule come, on the days when clocks are changed too.</summary>
public sealed class ScheduleTimesTests
{
    [Theory]
    // 02:30 is not there on the last Sunday in March: right after the gap.
    [InlineData("30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    // And is there twice on the last one in October: at the first.
    [InlineData("30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    // What comes every hour comes at both, and for the hour that is not there right after the gap.
    [InlineData("30 * * * *", "Europe/Paris", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("30 * * * *", "Europe/Paris", "2026-03-29T00:00:00Z", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z")]
    [InlineData("0 9 * * MON#1", "America/New_York", "2026-02-27T00:00:00Z", "2026-03-02T14:00:00Z", "2026-04-06T13:00:00Z")]
    public void Times_are_those_of_clocks_on_the_wall(string cron, string timeZone, string after, params string[] times)
    {
        var (last, next) = (At(after), new List<DateTimeOffset?>());
        foreach (var _ in times)
        {
            next.Add(Schedule.Next(cron, timeZone, last));
            last = next[^1]!.Value;
        }

        Assert.Equal(times.Select(time => (DateTimeOffset?)At(time)), next);
    }

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);
}
