using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Users.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Outbox : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "OutboxEvents",
                columns: table => new
                {
                    Topic = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    Offset = table.Column<long>(type: "INTEGER", nullable: false),
                    Key = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    Payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    CreatedAtMs = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_OutboxEvents", x => new { x.Topic, x.Offset });
                });

            migrationBuilder.CreateTable(
                name: "OutboxLeases",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    Owner = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    ExpiresAtMs = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_OutboxLeases", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "OutboxTopics",
                columns: table => new
                {
                    Topic = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    Epoch = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    LastOffset = table.Column<long>(type: "INTEGER", nullable: false),
                    RelayedOffset = table.Column<long>(type: "INTEGER", nullable: false),
                    UpdatedAtMs = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_OutboxTopics", x => x.Topic);
                });

            migrationBuilder.CreateIndex(
                name: "IX_OutboxEvents_CreatedAtMs",
                table: "OutboxEvents",
                column: "CreatedAtMs");

            migrationBuilder.CreateIndex(
                name: "IX_OutboxTopics_UpdatedAtMs",
                table: "OutboxTopics",
                column: "UpdatedAtMs");

            migrationBuilder.CreateIndex(
                name: "IX_OutboxTopics_Waiting",
                table: "OutboxTopics",
                column: "Topic",
                filter: "\"RelayedOffset\" < \"LastOffset\"");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "OutboxEvents");

            migrationBuilder.DropTable(
                name: "OutboxLeases");

            migrationBuilder.DropTable(
                name: "OutboxTopics");
        }
    }
}
