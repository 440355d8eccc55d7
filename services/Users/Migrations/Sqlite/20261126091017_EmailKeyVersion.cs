using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Users.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class EmailKeyVersion : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "EmailKeyVersion",
                table: "Users",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateIndex(
                name: "IX_Users_EmailKeyVersion_UserId",
                table: "Users",
                columns: new[] { "EmailKeyVersion", "UserId" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Users_EmailKeyVersion_UserId",
                table: "Users");

            migrationBuilder.DropColumn(
                name: "EmailKeyVersion",
                table: "Users");
        }
    }
}
