using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Orders.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Partition : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Partition",
                schema: "orders",
                table: "Orders",
                type: "integer",
                nullable: true);

            migrationBuilder.FillPartitions("Orders", "UserId", KeyedTopics.Partitions, schema: "orders");

            migrationBuilder.CreateIndex(
                name: "IX_Orders_Partition_OrderId",
                schema: "orders",
                table: "Orders",
                columns: new[] { "Partition", "OrderId" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Orders_Partition_OrderId",
                schema: "orders",
                table: "Orders");

            migrationBuilder.DropColumn(
                name: "Partition",
                schema: "orders",
                table: "Orders");
        }
    }
}
