using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Notifications.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Partition : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Partition",
                table: "Notifications",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.FillPartitions("Notifications", "UserId", KeyedTopics.Partitions);

            migrationBuilder.CreateIndex(
                name: "IX_Notifications_UnreadPartition",
                table: "Notifications",
                columns: new[] { "Partition", "NotificationId" },
                filter: "\"ReadTime\" IS NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Notifications_UnreadPartition",
                table: "Notifications");

            migrationBuilder.DropColumn(
                name: "Partition",
                table: "Notifications");
        }
    }
}
