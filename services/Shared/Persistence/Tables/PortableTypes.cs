using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Microservices.Persistence;

/// <summary>What makes one model the same on SQLite and PostgreSQL: text is compared by bytes on both, times are UTC to the microsecond on both.</summary>
internal static class PortableTypes
{
    /// <summary>The collation of all text in PostgreSQL. SQLite compares by bytes by itself.</summary>
    public const string Collation = "C";

    public static void Use(ModelConfigurationBuilder model, bool isNpgsql)
    {
        // SQLite has no type for a time, and its text form of one cannot be ordered.
        if (isNpgsql)
            model.Properties<string>().UseCollation(Collation);
        else
            model.Properties<DateTimeOffset>().HaveConversion<UnixMicroseconds>();
    }

    private sealed class UnixMicroseconds() : ValueConverter<DateTimeOffset, long>(
        time => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond,
        microseconds => new DateTimeOffset(DateTimeOffset.UnixEpoch.Ticks + (microseconds * TimeSpan.TicksPerMicrosecond), TimeSpan.Zero));
}
