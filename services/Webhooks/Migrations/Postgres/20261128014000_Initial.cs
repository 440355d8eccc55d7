using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Microservices.Webhooks.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "webhooks");

            migrationBuilder.CreateTable(
                name: "DataProtectionKeys",
                schema: "webhooks",
                columns: table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    FriendlyName = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Xml = table.Column<string>(type: "text", nullable: true, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DataProtectionKeys", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Deliveries",
                schema: "webhooks",
                columns: table => new
                {
                    DeliveryId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    MessageId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    EndpointId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    OwnerId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Partition = table.Column<int>(type: "integer", nullable: false),
                    Offset = table.Column<long>(type: "bigint", nullable: false),
                    EventType = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Key = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    State = table.Column<int>(type: "integer", nullable: false),
                    Attempts = table.Column<int>(type: "integer", nullable: false),
                    NextAttemptMs = table.Column<long>(type: "bigint", nullable: false),
                    LastStatus = table.Column<int>(type: "integer", nullable: false),
                    LastError = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false, collation: "C"),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    EndTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    Round = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Deliveries", x => x.DeliveryId);
                });

            migrationBuilder.CreateTable(
                name: "DeliveryAttempts",
                schema: "webhooks",
                columns: table => new
                {
                    DeliveryId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Round = table.Column<long>(type: "bigint", nullable: false),
                    Time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    Duration = table.Column<TimeSpan>(type: "interval", nullable: false),
                    Status = table.Column<int>(type: "integer", nullable: false),
                    Error = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false, collation: "C"),
                    ResponseBody = table.Column<string>(type: "character varying(4096)", maxLength: 4096, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DeliveryAttempts", x => new { x.DeliveryId, x.Round });
                });

            migrationBuilder.CreateTable(
                name: "Endpoints",
                schema: "webhooks",
                columns: table => new
                {
                    EndpointId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    OwnerId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Url = table.Column<string>(type: "character varying(2048)", maxLength: 2048, nullable: false, collation: "C"),
                    Description = table.Column<string>(type: "character varying(800)", maxLength: 800, nullable: false, collation: "C"),
                    EventTypes = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false, collation: "C"),
                    Ordered = table.Column<bool>(type: "boolean", nullable: false),
                    State = table.Column<int>(type: "integer", nullable: false),
                    StateReason = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false, collation: "C"),
                    Failures = table.Column<int>(type: "integer", nullable: false),
                    FailingSince = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    Slow = table.Column<bool>(type: "boolean", nullable: false),
                    PausedUntilMs = table.Column<long>(type: "bigint", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    UpdateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Endpoints", x => x.EndpointId);
                });

            migrationBuilder.CreateTable(
                name: "Messages",
                schema: "webhooks",
                columns: table => new
                {
                    MessageId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Body = table.Column<byte[]>(type: "bytea", nullable: false),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Messages", x => x.MessageId);
                });

            migrationBuilder.CreateTable(
                name: "Received",
                schema: "webhooks",
                columns: table => new
                {
                    ReceivedId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    SourceId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    OwnerId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    MessageId = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    EventType = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    ContentType = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    Body = table.Column<byte[]>(type: "bytea", nullable: false),
                    Size = table.Column<int>(type: "integer", nullable: false),
                    Place = table.Column<long>(type: "bigint", nullable: false),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Received", x => x.ReceivedId);
                });

            migrationBuilder.CreateTable(
                name: "Secrets",
                schema: "webhooks",
                columns: table => new
                {
                    SecretId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    HolderId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Sealed = table.Column<byte[]>(type: "bytea", nullable: false),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ExpireTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Secrets", x => x.SecretId);
                });

            migrationBuilder.CreateTable(
                name: "Sources",
                schema: "webhooks",
                columns: table => new
                {
                    SourceId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    OwnerId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Kind = table.Column<int>(type: "integer", nullable: false),
                    Description = table.Column<string>(type: "character varying(800)", maxLength: 800, nullable: false, collation: "C"),
                    Received = table.Column<long>(type: "bigint", nullable: false),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Sources", x => x.SourceId);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Deliveries_CreateTime",
                schema: "webhooks",
                table: "Deliveries",
                column: "CreateTime");

            migrationBuilder.CreateIndex(
                name: "IX_Deliveries_Due",
                schema: "webhooks",
                table: "Deliveries",
                columns: new[] { "EndpointId", "NextAttemptMs", "Offset" },
                filter: "\"State\" = 1");

            migrationBuilder.CreateIndex(
                name: "IX_Deliveries_EndpointId_Offset",
                schema: "webhooks",
                table: "Deliveries",
                columns: new[] { "EndpointId", "Offset" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Deliveries_Pending",
                schema: "webhooks",
                table: "Deliveries",
                columns: new[] { "EndpointId", "Offset" },
                filter: "\"State\" = 1");

            migrationBuilder.CreateIndex(
                name: "IX_Deliveries_PendingKey",
                schema: "webhooks",
                table: "Deliveries",
                columns: new[] { "EndpointId", "Key", "Offset" },
                filter: "\"State\" = 1");

            migrationBuilder.CreateIndex(
                name: "IX_Deliveries_PendingOwner",
                schema: "webhooks",
                table: "Deliveries",
                columns: new[] { "OwnerId", "DeliveryId" },
                filter: "\"State\" = 1");

            migrationBuilder.CreateIndex(
                name: "IX_Deliveries_PendingPartition",
                schema: "webhooks",
                table: "Deliveries",
                columns: new[] { "Partition", "DeliveryId" },
                filter: "\"State\" = 1");

            migrationBuilder.CreateIndex(
                name: "IX_Endpoints_OwnerId",
                schema: "webhooks",
                table: "Endpoints",
                column: "OwnerId");

            migrationBuilder.CreateIndex(
                name: "IX_Messages_CreateTime",
                schema: "webhooks",
                table: "Messages",
                column: "CreateTime");

            migrationBuilder.CreateIndex(
                name: "IX_Received_CreateTime",
                schema: "webhooks",
                table: "Received",
                column: "CreateTime");

            migrationBuilder.CreateIndex(
                name: "IX_Received_SourceId_MessageId",
                schema: "webhooks",
                table: "Received",
                columns: new[] { "SourceId", "MessageId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Received_SourceId_Place",
                schema: "webhooks",
                table: "Received",
                columns: new[] { "SourceId", "Place" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Secrets_HolderId",
                schema: "webhooks",
                table: "Secrets",
                column: "HolderId");

            migrationBuilder.CreateIndex(
                name: "IX_Sources_OwnerId",
                schema: "webhooks",
                table: "Sources",
                column: "OwnerId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "DataProtectionKeys",
                schema: "webhooks");

            migrationBuilder.DropTable(
                name: "Deliveries",
                schema: "webhooks");

            migrationBuilder.DropTable(
                name: "DeliveryAttempts",
                schema: "webhooks");

            migrationBuilder.DropTable(
                name: "Endpoints",
                schema: "webhooks");

            migrationBuilder.DropTable(
                name: "Messages",
                schema: "webhooks");

            migrationBuilder.DropTable(
                name: "Received",
                schema: "webhooks");

            migrationBuilder.DropTable(
                name: "Secrets",
                schema: "webhooks");

            migrationBuilder.DropTable(
                name: "Sources",
                schema: "webhooks");
        }
    }
}
