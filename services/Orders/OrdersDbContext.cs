using System.Text.Json;
using System.Text.Json.Serialization;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace Microservices.Orders;

/// <summary>The orders' database. To change it: change the model, then add a migration for each provider: .github/CONTRIBUTING.md says how.</summary>
internal abstract class OrdersDbContext(DbContextOptions options) : ServiceDbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    protected override void Describe(ModelBuilder model) => model.Entity<Order>(order =>
    {
        order.HasKey(o => o.OrderId);
        // Serves the list of a user's orders, newest first.
        order.HasIndex(o => new { o.UserId, o.PlaceTime, o.OrderId });
        // Serves the snapshot of a partition.
        order.HasIndex(o => new { o.Partition, o.OrderId });
        order.Property(o => o.OrderId).HasMaxLength(64);
        order.Property(o => o.UserId).HasMaxLength(64);
        order.Property(o => o.CurrencyCode).HasMaxLength(3);
        order.Property(o => o.Total).HasPrecision(24, 9);
        order.Property(o => o.Version).IsConcurrencyToken();
        // Lines are written once and always read with their order: one row, no join.
        order.Property(o => o.Lines)
            .HasConversion(
                lines => JsonSerializer.Serialize(lines, OrderLinesJson.Default.IReadOnlyListOrderLine),
                json => JsonSerializer.Deserialize(json, OrderLinesJson.Default.IReadOnlyListOrderLine)!,
                new ValueComparer<IReadOnlyList<OrderLine>>((a, b) => ReferenceEquals(a, b), lines => lines.Count, lines => lines))
            .HasColumnType(Database.IsNpgsql() ? "jsonb" : "TEXT");
    });
}

internal sealed class SqliteOrdersDbContext(DbContextOptions<SqliteOrdersDbContext> options) : OrdersDbContext(options);

internal sealed class PostgresOrdersDbContext(DbContextOptions<PostgresOrdersDbContext> options) : OrdersDbContext(options);

[JsonSerializable(typeof(IReadOnlyList<OrderLine>))]
internal sealed partial class OrderLinesJson : JsonSerializerContext;
