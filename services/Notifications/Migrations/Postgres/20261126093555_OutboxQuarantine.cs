using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Notifications.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class OutboxQuarantine : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "OutboxQuarantine",
                schema: "notifications",
                columns: table => new
                {
                    Topic = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false, collation: "C"),
                    Epoch = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Offset = table.Column<long>(type: "bigint", nullable: false),
                    Key = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: false, collation: "C"),
                    Payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    CreatedAtMs = table.Column<long>(type: "bigint", nullable: false),
                    SetAsideAtMs = table.Column<long>(type: "bigint", nullable: false),
                    Reason = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_OutboxQuarantine", x => new { x.Topic, x.Epoch, x.Offset });
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "OutboxQuarantine",
                schema: "notifications");
        }
    }
}
