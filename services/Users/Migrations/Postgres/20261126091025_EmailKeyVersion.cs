using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Users.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class EmailKeyVersion : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AlterColumn<string>(
                name: "DisplayName",
                schema: "users",
                table: "Users",
                type: "character varying(800)",
                maxLength: 800,
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "character varying(200)",
                oldMaxLength: 200,
                oldCollation: "C");

            migrationBuilder.AddColumn<int>(
                name: "EmailKeyVersion",
                schema: "users",
                table: "Users",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateIndex(
                name: "IX_Users_EmailKeyVersion_UserId",
                schema: "users",
                table: "Users",
                columns: new[] { "EmailKeyVersion", "UserId" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Users_EmailKeyVersion_UserId",
                schema: "users",
                table: "Users");

            migrationBuilder.DropColumn(
                name: "EmailKeyVersion",
                schema: "users",
                table: "Users");

            migrationBuilder.AlterColumn<string>(
                name: "DisplayName",
                schema: "users",
                table: "Users",
                type: "character varying(200)",
                maxLength: 200,
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "character varying(800)",
                oldMaxLength: 800,
                oldCollation: "C");
        }
    }
}
