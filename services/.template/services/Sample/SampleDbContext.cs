using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Sample;

/// <summary>The widgets' database. To change it: change the model, then add a migration for each provider: .github/CONTRIBUTING.md says how.</summary>
internal abstract class SampleDbContext(DbContextOptions options) : ServiceDbContext(options)
{
    public DbSet<Widget> Widgets => Set<Widget>();

    protected override void Describe(ModelBuilder model) => model.Entity<Widget>(widget =>
    {
        widget.HasKey(row => row.WidgetId);
        // Serves the snapshot of a partition.
        widget.HasIndex(row => new { row.Partition, row.WidgetId });
        widget.Property(row => row.WidgetId).HasMaxLength(64);
        widget.Property(row => row.Label).HasMaxLength(4 * WidgetErrors.MaxLabel);
        widget.Property(row => row.Version).IsConcurrencyToken();
    });
}

internal sealed class SqliteSampleDbContext(DbContextOptions<SqliteSampleDbContext> options) : SampleDbContext(options);

internal sealed class PostgresSampleDbContext(DbContextOptions<PostgresSampleDbContext> options) : SampleDbContext(options);
