using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Microservices.Persistence;

/// <summary>
/// A service's database: its own tables, and what every service keeps beside them. One model for SQLite and PostgreSQL: text is
/// compared by bytes on both, times are UTC to the microsecond on both.
/// </summary>
public abstract class ServiceDbContext(DbContextOptions options) : DbContext(options)
{
    /// <summary>Commands that were carried out under an idempotency key.</summary>
    public DbSet<IdempotencyRecord> IdempotencyRecords => Set<IdempotencyRecord>();

    /// <summary>
    /// The PostgreSQL schema of a service, so that several may share a database: OrdersDbContext has the schema "orders". SQLite has
    /// no schemas: a file a service.
    /// </summary>
    internal static string SchemaOf(Type context)
    {
        while (context.BaseType != typeof(ServiceDbContext))
            context = context.BaseType!;
        return context.Name.Replace("DbContext", "", StringComparison.Ordinal).ToLowerInvariant();
    }

    /// <summary>Describes the service's own tables.</summary>
    protected abstract void Describe(ModelBuilder model);

    /// <inheritdoc/>
    protected sealed override void OnModelCreating(ModelBuilder modelBuilder)
    {
        if (Database.IsNpgsql())
            modelBuilder.HasDefaultSchema(SchemaOf(GetType()));

        modelBuilder.Entity<IdempotencyRecord>(record =>
        {
            record.HasKey(r => new { r.Command, r.Key });
            record.HasIndex(r => r.CreatedAt);
            record.Property(r => r.Command).HasMaxLength(128);
            record.Property(r => r.Key).HasMaxLength(128);
        });
        Describe(modelBuilder);
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // SQLite has no type for a time, and its text form of one cannot be ordered.
        if (Database.IsNpgsql())
            configurationBuilder.Properties<string>().UseCollation("C");
        else
            configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMicroseconds>();
    }

    private sealed class UnixMicroseconds() : ValueConverter<DateTimeOffset, long>(
        time => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond,
        microseconds => new DateTimeOffset(DateTimeOffset.UnixEpoch.Ticks + (microseconds * TimeSpan.TicksPerMicrosecond), TimeSpan.Zero));
}
