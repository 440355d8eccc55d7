using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Orders.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class IdempotencyByKey : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropPrimaryKey(
                name: "PK_IdempotencyRecords",
                schema: "orders",
                table: "IdempotencyRecords");

            migrationBuilder.AddPrimaryKey(
                name: "PK_IdempotencyRecords",
                schema: "orders",
                table: "IdempotencyRecords",
                columns: new[] { "Key", "Command" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropPrimaryKey(
                name: "PK_IdempotencyRecords",
                schema: "orders",
                table: "IdempotencyRecords");

            migrationBuilder.AddPrimaryKey(
                name: "PK_IdempotencyRecords",
                schema: "orders",
                table: "IdempotencyRecords",
                columns: new[] { "Command", "Key" });
        }
    }
}
