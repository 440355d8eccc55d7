using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Jobs.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "Contents",
                columns: table => new
                {
                    JobId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Input = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Output = table.Column<byte[]>(type: "BLOB", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Contents", x => x.JobId);
                });

            migrationBuilder.CreateTable(
                name: "FlowContents",
                columns: table => new
                {
                    FlowId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Input = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Output = table.Column<byte[]>(type: "BLOB", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FlowContents", x => x.FlowId);
                });

            migrationBuilder.CreateTable(
                name: "FlowSignals",
                columns: table => new
                {
                    FlowId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Number = table.Column<long>(type: "INTEGER", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    Payload = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FlowSignals", x => new { x.FlowId, x.Number });
                });

            migrationBuilder.CreateTable(
                name: "FlowSteps",
                columns: table => new
                {
                    FlowId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Number = table.Column<int>(type: "INTEGER", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    Occurrence = table.Column<int>(type: "INTEGER", nullable: false),
                    OwnerId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Kind = table.Column<int>(type: "INTEGER", nullable: false),
                    State = table.Column<int>(type: "INTEGER", nullable: false),
                    Failures = table.Column<int>(type: "INTEGER", nullable: false),
                    Detail = table.Column<string>(type: "TEXT", maxLength: 300, nullable: false),
                    JobId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    CacheKey = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Cached = table.Column<bool>(type: "INTEGER", nullable: false),
                    Copied = table.Column<bool>(type: "INTEGER", nullable: false),
                    Output = table.Column<byte[]>(type: "BLOB", nullable: false),
                    OutputHash = table.Column<byte[]>(type: "BLOB", nullable: true),
                    DueMs = table.Column<long>(type: "INTEGER", nullable: true),
                    CreateTime = table.Column<long>(type: "INTEGER", nullable: false),
                    EndTime = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FlowSteps", x => new { x.FlowId, x.Number });
                });

            migrationBuilder.CreateTable(
                name: "Flows",
                columns: table => new
                {
                    FlowId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    OwnerId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Partition = table.Column<int>(type: "INTEGER", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    State = table.Column<int>(type: "INTEGER", nullable: false),
                    Ending = table.Column<int>(type: "INTEGER", nullable: false),
                    Detail = table.Column<string>(type: "TEXT", maxLength: 300, nullable: false),
                    Steps = table.Column<int>(type: "INTEGER", nullable: false),
                    Signals = table.Column<int>(type: "INTEGER", nullable: false),
                    Bytes = table.Column<long>(type: "INTEGER", nullable: false),
                    OutputBytes = table.Column<int>(type: "INTEGER", nullable: false),
                    RerunOf = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Version = table.Column<long>(type: "INTEGER", nullable: false),
                    CreateTime = table.Column<long>(type: "INTEGER", nullable: false),
                    EndTime = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Flows", x => x.FlowId);
                });

            migrationBuilder.CreateTable(
                name: "Jobs",
                columns: table => new
                {
                    JobId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    OwnerId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Partition = table.Column<int>(type: "INTEGER", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    UniqueKey = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    FlowId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Priority = table.Column<int>(type: "INTEGER", nullable: false),
                    State = table.Column<int>(type: "INTEGER", nullable: false),
                    Detail = table.Column<string>(type: "TEXT", maxLength: 300, nullable: false),
                    Progress = table.Column<int>(type: "INTEGER", nullable: false),
                    Attempts = table.Column<int>(type: "INTEGER", nullable: false),
                    MaxAttempts = table.Column<int>(type: "INTEGER", nullable: false),
                    Interruptions = table.Column<int>(type: "INTEGER", nullable: false),
                    Deaths = table.Column<int>(type: "INTEGER", nullable: false),
                    Timeout = table.Column<TimeSpan>(type: "TEXT", nullable: false),
                    DueMs = table.Column<long>(type: "INTEGER", nullable: false),
                    TurnMs = table.Column<long>(type: "INTEGER", nullable: false),
                    Run = table.Column<long>(type: "INTEGER", nullable: false),
                    Lane = table.Column<int>(type: "INTEGER", nullable: false),
                    Cancelling = table.Column<bool>(type: "INTEGER", nullable: false),
                    InputBytes = table.Column<int>(type: "INTEGER", nullable: false),
                    OutputBytes = table.Column<int>(type: "INTEGER", nullable: false),
                    Version = table.Column<long>(type: "INTEGER", nullable: false),
                    CreateTime = table.Column<long>(type: "INTEGER", nullable: false),
                    StartTime = table.Column<long>(type: "INTEGER", nullable: true),
                    EndTime = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Jobs", x => x.JobId);
                });

            migrationBuilder.CreateTable(
                name: "Owners",
                columns: table => new
                {
                    OwnerId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Jobs = table.Column<int>(type: "INTEGER", nullable: false),
                    Schedules = table.Column<int>(type: "INTEGER", nullable: false),
                    Flows = table.Column<int>(type: "INTEGER", nullable: false),
                    Bytes = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Owners", x => x.OwnerId);
                });

            migrationBuilder.CreateTable(
                name: "Schedules",
                columns: table => new
                {
                    ScheduleId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    OwnerId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Cron = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    TimeZone = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Kind = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Priority = table.Column<int>(type: "INTEGER", nullable: false),
                    Timeout = table.Column<TimeSpan>(type: "TEXT", nullable: false),
                    MaxAttempts = table.Column<int>(type: "INTEGER", nullable: false),
                    Paused = table.Column<bool>(type: "INTEGER", nullable: false),
                    NextTime = table.Column<long>(type: "INTEGER", nullable: true),
                    LastTime = table.Column<long>(type: "INTEGER", nullable: true),
                    LastJobId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Detail = table.Column<string>(type: "TEXT", maxLength: 300, nullable: false),
                    Version = table.Column<long>(type: "INTEGER", nullable: false),
                    CreateTime = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Schedules", x => x.ScheduleId);
                });

            migrationBuilder.CreateIndex(
                name: "IX_FlowSteps_Cache",
                table: "FlowSteps",
                columns: new[] { "OwnerId", "CacheKey" },
                filter: "\"CacheKey\" <> '' AND \"State\" = 2");

            migrationBuilder.CreateIndex(
                name: "IX_FlowSteps_FlowId_Name_Occurrence",
                table: "FlowSteps",
                columns: new[] { "FlowId", "Name", "Occurrence" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Flows_EndTime",
                table: "Flows",
                column: "EndTime");

            migrationBuilder.CreateIndex(
                name: "IX_Flows_NotOver",
                table: "Flows",
                column: "FlowId",
                filter: "\"EndTime\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Flows_NotOverOwner",
                table: "Flows",
                columns: new[] { "OwnerId", "FlowId" },
                filter: "\"EndTime\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Flows_NotOverPartition",
                table: "Flows",
                columns: new[] { "Partition", "FlowId" },
                filter: "\"EndTime\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Flows_OwnerId_EndTime",
                table: "Flows",
                columns: new[] { "OwnerId", "EndTime" });

            migrationBuilder.CreateIndex(
                name: "IX_Flows_OwnerId_FlowId",
                table: "Flows",
                columns: new[] { "OwnerId", "FlowId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_EndTime",
                table: "Jobs",
                column: "EndTime");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_NotOverOwner",
                table: "Jobs",
                columns: new[] { "OwnerId", "JobId" },
                filter: "\"State\" IN (1, 2)");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_NotOverPartition",
                table: "Jobs",
                columns: new[] { "Partition", "JobId" },
                filter: "\"State\" IN (1, 2)");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_OwnerId_EndTime",
                table: "Jobs",
                columns: new[] { "OwnerId", "EndTime" });

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_OwnerId_JobId",
                table: "Jobs",
                columns: new[] { "OwnerId", "JobId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_Running",
                table: "Jobs",
                columns: new[] { "OwnerId", "Lane" },
                filter: "\"State\" = 2");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_Turn",
                table: "Jobs",
                columns: new[] { "OwnerId", "TurnMs" },
                filter: "\"State\" = 1");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_UniqueKey",
                table: "Jobs",
                columns: new[] { "OwnerId", "UniqueKey" },
                unique: true,
                filter: "\"State\" IN (1, 2) AND \"UniqueKey\" <> ''");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_Waiting",
                table: "Jobs",
                column: "DueMs",
                filter: "\"State\" = 1");

            migrationBuilder.CreateIndex(
                name: "IX_Schedules_OwnerId_ScheduleId",
                table: "Schedules",
                columns: new[] { "OwnerId", "ScheduleId" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Contents");

            migrationBuilder.DropTable(
                name: "FlowContents");

            migrationBuilder.DropTable(
                name: "FlowSignals");

            migrationBuilder.DropTable(
                name: "FlowSteps");

            migrationBuilder.DropTable(
                name: "Flows");

            migrationBuilder.DropTable(
                name: "Jobs");

            migrationBuilder.DropTable(
                name: "Owners");

            migrationBuilder.DropTable(
                name: "Schedules");
        }
    }
}
