using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Sample.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "sample");

            migrationBuilder.CreateTable(
                name: "Widgets",
                schema: "sample",
                columns: table => new
                {
                    WidgetId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Partition = table.Column<int>(type: "integer", nullable: false),
                    Label = table.Column<string>(type: "character varying(800)", maxLength: 800, nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    UpdateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Widgets", x => x.WidgetId);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Widgets_Partition_WidgetId",
                schema: "sample",
                table: "Widgets",
                columns: new[] { "Partition", "WidgetId" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Widgets",
                schema: "sample");
        }
    }
}
