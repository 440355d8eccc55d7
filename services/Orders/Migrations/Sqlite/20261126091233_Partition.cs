using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Orders.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Partition : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Partition",
                table: "Orders",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.FillPartitions("Orders", "UserId", KeyedTopics.Partitions);

            migrationBuilder.CreateIndex(
                name: "IX_Orders_Partition_OrderId",
                table: "Orders",
                columns: new[] { "Partition", "OrderId" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Orders_Partition_OrderId",
                table: "Orders");

            migrationBuilder.DropColumn(
                name: "Partition",
                table: "Orders");
        }
    }
}
