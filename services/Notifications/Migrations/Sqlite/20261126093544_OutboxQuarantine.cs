using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Notifications.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class OutboxQuarantine : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "OutboxQuarantine",
                columns: table => new
                {
                    Topic = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    Epoch = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    Offset = table.Column<long>(type: "INTEGER", nullable: false),
                    Key = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    Payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    CreatedAtMs = table.Column<long>(type: "INTEGER", nullable: false),
                    SetAsideAtMs = table.Column<long>(type: "INTEGER", nullable: false),
                    Reason = table.Column<string>(type: "TEXT", maxLength: 512, nullable: false)
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
                name: "OutboxQuarantine");
        }
    }
}
