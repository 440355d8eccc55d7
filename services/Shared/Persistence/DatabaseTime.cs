namespace Microservices.Persistence;

/// <summary>Times as the databases keep them.</summary>
public static class DatabaseTime
{
    /// <summary>The time cut to the microsecond: what PostgreSQL keeps, so that what is answered now is what is read later.</summary>
    public static DateTimeOffset ToMicroseconds(this DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
