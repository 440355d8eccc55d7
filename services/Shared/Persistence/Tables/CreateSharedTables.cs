using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Microservices.Persistence;

/// <summary>The first migration of the <see cref="SharedTables"/>. Columns get the provider's type for theirs.</summary>
[DbContext(typeof(SharedDbContext))]
[Migration("20261126000000_CreateSharedTables")]
internal sealed class CreateSharedTables : Migration
{
    private bool IsSqlite => ActiveProvider == "Microsoft.EntityFrameworkCore.Sqlite";

    private string? Collation => IsSqlite ? null : PortableTypes.Collation;

    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "IdempotencyRecords",
            table => new
            {
                Key = table.Column<string>(maxLength: 128, collation: Collation),
                Caller = table.Column<string>(maxLength: 300, collation: Collation),
                Command = table.Column<string>(maxLength: 128, collation: Collation),
                RequestHash = table.Column<byte[]>(),
                Response = table.Column<byte[]>(),
                CreatedAt = IsSqlite ? table.Column<long>() : table.Column<DateTimeOffset>(),
            },
            constraints: table => table.PrimaryKey("PK_IdempotencyRecords", r => new { r.Key, r.Caller, r.Command }));
        migrationBuilder.CreateIndex("IX_IdempotencyRecords_CreatedAt", "IdempotencyRecords", "CreatedAt");
        CreateOutbox(migrationBuilder);
        CreateConsumers(migrationBuilder);
    }

    private void CreateOutbox(MigrationBuilder migration)
    {
        migration.CreateTable(
            "OutboxEvents",
            table => new
            {
                Topic = table.Column<string>(maxLength: 200, collation: Collation),
                Offset = table.Column<long>(),
                Key = table.Column<string>(maxLength: 1024, collation: Collation),
                Payload = table.Column<byte[]>(),
                TraceContext = table.Column<byte[]>(maxLength: 24, nullable: true),
                CreatedAtMs = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_OutboxEvents", e => new { e.Topic, e.Offset }));
        migration.CreateIndex("IX_OutboxEvents_CreatedAtMs", "OutboxEvents", "CreatedAtMs");
        migration.CreateTable(
            "OutboxTopics",
            table => new
            {
                Topic = table.Column<string>(maxLength: 200, collation: Collation),
                Epoch = table.Column<string>(maxLength: 32, collation: Collation),
                LastOffset = table.Column<long>(),
                RelayedOffset = table.Column<long>(),
                UpdatedAtMs = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_OutboxTopics", t => t.Topic));
        migration.CreateIndex("IX_OutboxTopics_Waiting", "OutboxTopics", "Topic", filter: "\"RelayedOffset\" < \"LastOffset\"");
        migration.CreateIndex("IX_OutboxTopics_UpdatedAtMs", "OutboxTopics", "UpdatedAtMs");
        migration.CreateTable(
            "OutboxQuarantine",
            table => new
            {
                Topic = table.Column<string>(maxLength: 200, collation: Collation),
                Epoch = table.Column<string>(maxLength: 32, collation: Collation),
                Offset = table.Column<long>(),
                Key = table.Column<string>(maxLength: 1024, collation: Collation),
                Payload = table.Column<byte[]>(),
                CreatedAtMs = table.Column<long>(),
                SetAsideAtMs = table.Column<long>(),
                Reason = table.Column<string>(maxLength: 512, collation: Collation),
            },
            constraints: table => table.PrimaryKey("PK_OutboxQuarantine", q => new { q.Topic, q.Epoch, q.Offset }));
        migration.CreateTable(
            "OutboxLeases",
            table => new
            {
                Name = table.Column<string>(maxLength: 64, collation: Collation),
                Owner = table.Column<string>(maxLength: 64, collation: Collation),
                ExpiresAtMs = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_OutboxLeases", l => l.Name));
    }

    private void CreateConsumers(MigrationBuilder migration)
    {
        migration.CreateTable(
            "PartitionPositions",
            table => new
            {
                Consumer = table.Column<string>(maxLength: 64, collation: Collation),
                Partition = table.Column<int>(),
                Cursor = table.Column<string>(collation: Collation),
            },
            constraints: table => table.PrimaryKey("PK_PartitionPositions", p => new { p.Consumer, p.Partition }));
        migration.CreateTable(
            "PartitionLeases",
            table => new
            {
                Consumer = table.Column<string>(maxLength: 64, collation: Collation),
                Partition = table.Column<int>(),
                Owner = table.Column<string>(maxLength: 64, collation: Collation),
                ExpiresAtMs = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_PartitionLeases", l => new { l.Consumer, l.Partition }));
        migration.CreateTable(
            "ConsumerReplicas",
            table => new
            {
                Consumer = table.Column<string>(maxLength: 64, collation: Collation),
                Replica = table.Column<string>(maxLength: 64, collation: Collation),
                ExpiresAtMs = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_ConsumerReplicas", r => new { r.Consumer, r.Replica }));
    }
}
