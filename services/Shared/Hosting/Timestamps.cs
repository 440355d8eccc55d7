namespace Microservices.Hosting;

/// <summary>Times as the suite keeps them.</summary>
public static class Timestamps
{
    /// <summary>The time cut to the microsecond: what PostgreSQL keeps, so that what is answered now is what is read later.</summary>
    public static DateTimeOffset ToMicroseconds(this DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
