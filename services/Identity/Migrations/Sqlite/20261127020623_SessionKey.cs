using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Identity.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class SessionKey : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Key",
                table: "Sessions",
                type: "TEXT",
                maxLength: 43,
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "IX_Sessions_Key",
                table: "Sessions",
                column: "Key",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Sessions_Key",
                table: "Sessions");

            migrationBuilder.DropColumn(
                name: "Key",
                table: "Sessions");
        }
    }
}
