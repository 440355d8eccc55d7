using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Notifications.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Partition : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Partition",
                schema: "notifications",
                table: "Notifications",
                type: "integer",
                nullable: true);

            migrationBuilder.FillPartitions("Notifications", "UserId", KeyedTopics.Partitions, schema: "notifications");

            migrationBuilder.CreateIndex(
                name: "IX_Notifications_UnreadPartition",
                schema: "notifications",
                table: "Notifications",
                columns: new[] { "Partition", "NotificationId" },
                filter: "\"ReadTime\" IS NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Notifications_UnreadPartition",
                schema: "notifications",
                table: "Notifications");

            migrationBuilder.DropColumn(
                name: "Partition",
                schema: "notifications",
                table: "Notifications");
        }
    }
}
