using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Identity.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class SessionKey : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Key",
                schema: "identity",
                table: "Sessions",
                type: "character varying(43)",
                maxLength: 43,
                nullable: true,
                collation: "C");

            migrationBuilder.CreateIndex(
                name: "IX_Sessions_Key",
                schema: "identity",
                table: "Sessions",
                column: "Key",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Sessions_Key",
                schema: "identity",
                table: "Sessions");

            migrationBuilder.DropColumn(
                name: "Key",
                schema: "identity",
                table: "Sessions");
        }
    }
}
