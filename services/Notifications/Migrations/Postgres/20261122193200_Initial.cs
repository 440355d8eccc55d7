using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Notifications.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "notifications");

            migrationBuilder.CreateTable(
                name: "PartitionLeases",
                schema: "notifications",
                columns: table => new
                {
                    Consumer = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Partition = table.Column<int>(type: "integer", nullable: false),
                    Owner = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    ExpiresAtMs = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_PartitionLeases", x => new { x.Consumer, x.Partition });
                });

            migrationBuilder.CreateTable(
                name: "PartitionPositions",
                schema: "notifications",
                columns: table => new
                {
                    Consumer = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Partition = table.Column<int>(type: "integer", nullable: false),
                    Cursor = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_PartitionPositions", x => new { x.Consumer, x.Partition });
                });

            migrationBuilder.CreateTable(
                name: "ConsumerReplicas",
                schema: "notifications",
                columns: table => new
                {
                    Consumer = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Replica = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    ExpiresAtMs = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ConsumerReplicas", x => new { x.Consumer, x.Replica });
                });

            migrationBuilder.CreateTable(
                name: "IdempotencyRecords",
                schema: "notifications",
                columns: table => new
                {
                    Command = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    Key = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    RequestHash = table.Column<byte[]>(type: "bytea", nullable: false),
                    Response = table.Column<byte[]>(type: "bytea", nullable: false),
                    CreatedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_IdempotencyRecords", x => new { x.Command, x.Key });
                });

            migrationBuilder.CreateTable(
                name: "Notifications",
                schema: "notifications",
                columns: table => new
                {
                    NotificationId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    UserId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Kind = table.Column<int>(type: "integer", nullable: false),
                    OrderId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    OrderVersion = table.Column<long>(type: "bigint", nullable: false),
                    OrderState = table.Column<int>(type: "integer", nullable: false),
                    EventTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ReadTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Notifications", x => x.NotificationId);
                });

            migrationBuilder.CreateTable(
                name: "OutboxEvents",
                schema: "notifications",
                columns: table => new
                {
                    Topic = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false, collation: "C"),
                    Offset = table.Column<long>(type: "bigint", nullable: false),
                    Key = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: false, collation: "C"),
                    Payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    CreatedAtMs = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_OutboxEvents", x => new { x.Topic, x.Offset });
                });

            migrationBuilder.CreateTable(
                name: "OutboxLeases",
                schema: "notifications",
                columns: table => new
                {
                    Name = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Owner = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    ExpiresAtMs = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_OutboxLeases", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "OutboxTopics",
                schema: "notifications",
                columns: table => new
                {
                    Topic = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false, collation: "C"),
                    Epoch = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    LastOffset = table.Column<long>(type: "bigint", nullable: false),
                    RelayedOffset = table.Column<long>(type: "bigint", nullable: false),
                    UpdatedAtMs = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_OutboxTopics", x => x.Topic);
                });

            migrationBuilder.CreateIndex(
                name: "IX_IdempotencyRecords_CreatedAt",
                schema: "notifications",
                table: "IdempotencyRecords",
                column: "CreatedAt");

            migrationBuilder.CreateIndex(
                name: "IX_Notifications_CreateTime",
                schema: "notifications",
                table: "Notifications",
                column: "CreateTime");

            migrationBuilder.CreateIndex(
                name: "IX_Notifications_OrderId_OrderVersion",
                schema: "notifications",
                table: "Notifications",
                columns: new[] { "OrderId", "OrderVersion" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Notifications_Unread",
                schema: "notifications",
                table: "Notifications",
                columns: new[] { "UserId", "NotificationId" },
                filter: "\"ReadTime\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Notifications_UserId_NotificationId",
                schema: "notifications",
                table: "Notifications",
                columns: new[] { "UserId", "NotificationId" });

            migrationBuilder.CreateIndex(
                name: "IX_OutboxEvents_CreatedAtMs",
                schema: "notifications",
                table: "OutboxEvents",
                column: "CreatedAtMs");

            migrationBuilder.CreateIndex(
                name: "IX_OutboxTopics_UpdatedAtMs",
                schema: "notifications",
                table: "OutboxTopics",
                column: "UpdatedAtMs");

            migrationBuilder.CreateIndex(
                name: "IX_OutboxTopics_Waiting",
                schema: "notifications",
                table: "OutboxTopics",
                column: "Topic",
                filter: "\"RelayedOffset\" < \"LastOffset\"");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "PartitionLeases",
                schema: "notifications");

            migrationBuilder.DropTable(
                name: "PartitionPositions",
                schema: "notifications");

            migrationBuilder.DropTable(
                name: "ConsumerReplicas",
                schema: "notifications");

            migrationBuilder.DropTable(
                name: "IdempotencyRecords",
                schema: "notifications");

            migrationBuilder.DropTable(
                name: "Notifications",
                schema: "notifications");

            migrationBuilder.DropTable(
                name: "OutboxEvents",
                schema: "notifications");

            migrationBuilder.DropTable(
                name: "OutboxLeases",
                schema: "notifications");

            migrationBuilder.DropTable(
                name: "OutboxTopics",
                schema: "notifications");
        }
    }
}
