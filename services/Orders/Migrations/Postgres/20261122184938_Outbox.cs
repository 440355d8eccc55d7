using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Orders.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Outbox : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "OutboxEvents",
                schema: "orders",
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
                schema: "orders",
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
                schema: "orders",
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
                name: "IX_OutboxEvents_CreatedAtMs",
                schema: "orders",
                table: "OutboxEvents",
                column: "CreatedAtMs");

            migrationBuilder.CreateIndex(
                name: "IX_OutboxTopics_UpdatedAtMs",
                schema: "orders",
                table: "OutboxTopics",
                column: "UpdatedAtMs");

            migrationBuilder.CreateIndex(
                name: "IX_OutboxTopics_Waiting",
                schema: "orders",
                table: "OutboxTopics",
                column: "Topic",
                filter: "\"RelayedOffset\" < \"LastOffset\"");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "OutboxEvents",
                schema: "orders");

            migrationBuilder.DropTable(
                name: "OutboxLeases",
                schema: "orders");

            migrationBuilder.DropTable(
                name: "OutboxTopics",
                schema: "orders");
        }
    }
}
