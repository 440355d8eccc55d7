using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Users.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Partition : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Partition",
                table: "Users",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.FillPartitions("Users", "UserId", KeyedTopics.Partitions);

            migrationBuilder.CreateIndex(
                name: "IX_Users_Partition_UserId",
                table: "Users",
                columns: new[] { "Partition", "UserId" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Users_Partition_UserId",
                table: "Users");

            migrationBuilder.DropColumn(
                name: "Partition",
                table: "Users");
        }
    }
}
