using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Users.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Partition : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Partition",
                schema: "users",
                table: "Users",
                type: "integer",
                nullable: true);

            migrationBuilder.FillPartitions("Users", "UserId", KeyedTopics.Partitions, schema: "users");

            migrationBuilder.CreateIndex(
                name: "IX_Users_Partition_UserId",
                schema: "users",
                table: "Users",
                columns: new[] { "Partition", "UserId" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Users_Partition_UserId",
                schema: "users",
                table: "Users");

            migrationBuilder.DropColumn(
                name: "Partition",
                schema: "users",
                table: "Users");
        }
    }
}
