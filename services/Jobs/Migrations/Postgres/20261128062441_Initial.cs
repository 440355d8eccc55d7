using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Microservices.Jobs.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "jobs");

            migrationBuilder.CreateTable(
                name: "Contents",
                schema: "jobs",
                columns: table => new
                {
                    JobId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Input = table.Column<byte[]>(type: "bytea", nullable: false),
                    Output = table.Column<byte[]>(type: "bytea", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Contents", x => x.JobId);
                });

            migrationBuilder.CreateTable(
                name: "FlowContents",
                schema: "jobs",
                columns: table => new
                {
                    FlowId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Input = table.Column<byte[]>(type: "bytea", nullable: false),
                    Output = table.Column<byte[]>(type: "bytea", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FlowContents", x => x.FlowId);
                });

            migrationBuilder.CreateTable(
                name: "FlowSignals",
                schema: "jobs",
                columns: table => new
                {
                    FlowId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Number = table.Column<long>(type: "bigint", nullable: false),
                    Name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    Payload = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FlowSignals", x => new { x.FlowId, x.Number });
                });

            migrationBuilder.CreateTable(
                name: "FlowSteps",
                schema: "jobs",
                columns: table => new
                {
                    FlowId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Number = table.Column<int>(type: "integer", nullable: false),
                    Name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    Occurrence = table.Column<int>(type: "integer", nullable: false),
                    OwnerId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Kind = table.Column<int>(type: "integer", nullable: false),
                    State = table.Column<int>(type: "integer", nullable: false),
                    Failures = table.Column<int>(type: "integer", nullable: false),
                    Detail = table.Column<string>(type: "character varying(300)", maxLength: 300, nullable: false, collation: "C"),
                    JobId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    CacheKey = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Cached = table.Column<bool>(type: "boolean", nullable: false),
                    Copied = table.Column<bool>(type: "boolean", nullable: false),
                    Output = table.Column<byte[]>(type: "bytea", nullable: false),
                    OutputHash = table.Column<byte[]>(type: "bytea", nullable: true),
                    DueMs = table.Column<long>(type: "bigint", nullable: true),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    EndTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FlowSteps", x => new { x.FlowId, x.Number });
                });

            migrationBuilder.CreateTable(
                name: "Flows",
                schema: "jobs",
                columns: table => new
                {
                    FlowId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    OwnerId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Partition = table.Column<int>(type: "integer", nullable: false),
                    Kind = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    State = table.Column<int>(type: "integer", nullable: false),
                    Ending = table.Column<int>(type: "integer", nullable: false),
                    Detail = table.Column<string>(type: "character varying(300)", maxLength: 300, nullable: false, collation: "C"),
                    Steps = table.Column<int>(type: "integer", nullable: false),
                    Signals = table.Column<int>(type: "integer", nullable: false),
                    Bytes = table.Column<long>(type: "bigint", nullable: false),
                    OutputBytes = table.Column<int>(type: "integer", nullable: false),
                    RerunOf = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    EndTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Flows", x => x.FlowId);
                });

            migrationBuilder.CreateTable(
                name: "Jobs",
                schema: "jobs",
                columns: table => new
                {
                    JobId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    OwnerId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Partition = table.Column<int>(type: "integer", nullable: false),
                    Kind = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    UniqueKey = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    FlowId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Priority = table.Column<int>(type: "integer", nullable: false),
                    State = table.Column<int>(type: "integer", nullable: false),
                    Detail = table.Column<string>(type: "character varying(300)", maxLength: 300, nullable: false, collation: "C"),
                    Progress = table.Column<int>(type: "integer", nullable: false),
                    Attempts = table.Column<int>(type: "integer", nullable: false),
                    MaxAttempts = table.Column<int>(type: "integer", nullable: false),
                    Interruptions = table.Column<int>(type: "integer", nullable: false),
                    Deaths = table.Column<int>(type: "integer", nullable: false),
                    Timeout = table.Column<TimeSpan>(type: "interval", nullable: false),
                    DueMs = table.Column<long>(type: "bigint", nullable: false),
                    TurnMs = table.Column<long>(type: "bigint", nullable: false),
                    Run = table.Column<long>(type: "bigint", nullable: false),
                    Lane = table.Column<int>(type: "integer", nullable: false),
                    Cancelling = table.Column<bool>(type: "boolean", nullable: false),
                    InputBytes = table.Column<int>(type: "integer", nullable: false),
                    OutputBytes = table.Column<int>(type: "integer", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    StartTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    EndTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Jobs", x => x.JobId);
                });

            migrationBuilder.CreateTable(
                name: "Owners",
                schema: "jobs",
                columns: table => new
                {
                    OwnerId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Jobs = table.Column<int>(type: "integer", nullable: false),
                    Schedules = table.Column<int>(type: "integer", nullable: false),
                    Flows = table.Column<int>(type: "integer", nullable: false),
                    Bytes = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Owners", x => x.OwnerId);
                });

            migrationBuilder.CreateTable(
                name: "Schedules",
                schema: "jobs",
                columns: table => new
                {
                    ScheduleId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    OwnerId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Cron = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    TimeZone = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Kind = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Priority = table.Column<int>(type: "integer", nullable: false),
                    Timeout = table.Column<TimeSpan>(type: "interval", nullable: false),
                    MaxAttempts = table.Column<int>(type: "integer", nullable: false),
                    Paused = table.Column<bool>(type: "boolean", nullable: false),
                    NextTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    LastTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    LastJobId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Detail = table.Column<string>(type: "character varying(300)", maxLength: 300, nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    CreateTime = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Schedules", x => x.ScheduleId);
                });

            migrationBuilder.CreateIndex(
                name: "IX_FlowSteps_Cache",
                schema: "jobs",
                table: "FlowSteps",
                columns: new[] { "OwnerId", "CacheKey" },
                filter: "\"CacheKey\" <> '' AND \"State\" = 2");

            migrationBuilder.CreateIndex(
                name: "IX_FlowSteps_FlowId_Name_Occurrence",
                schema: "jobs",
                table: "FlowSteps",
                columns: new[] { "FlowId", "Name", "Occurrence" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Flows_EndTime",
                schema: "jobs",
                table: "Flows",
                column: "EndTime");

            migrationBuilder.CreateIndex(
                name: "IX_Flows_NotOver",
                schema: "jobs",
                table: "Flows",
                column: "FlowId",
                filter: "\"EndTime\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Flows_NotOverOwner",
                schema: "jobs",
                table: "Flows",
                columns: new[] { "OwnerId", "FlowId" },
                filter: "\"EndTime\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Flows_NotOverPartition",
                schema: "jobs",
                table: "Flows",
                columns: new[] { "Partition", "FlowId" },
                filter: "\"EndTime\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Flows_OwnerId_EndTime",
                schema: "jobs",
                table: "Flows",
                columns: new[] { "OwnerId", "EndTime" });

            migrationBuilder.CreateIndex(
                name: "IX_Flows_OwnerId_FlowId",
                schema: "jobs",
                table: "Flows",
                columns: new[] { "OwnerId", "FlowId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_EndTime",
                schema: "jobs",
                table: "Jobs",
                column: "EndTime");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_NotOverOwner",
                schema: "jobs",
                table: "Jobs",
                columns: new[] { "OwnerId", "JobId" },
                filter: "\"State\" IN (1, 2)");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_NotOverPartition",
                schema: "jobs",
                table: "Jobs",
                columns: new[] { "Partition", "JobId" },
                filter: "\"State\" IN (1, 2)");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_OwnerId_EndTime",
                schema: "jobs",
                table: "Jobs",
                columns: new[] { "OwnerId", "EndTime" });

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_OwnerId_JobId",
                schema: "jobs",
                table: "Jobs",
                columns: new[] { "OwnerId", "JobId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_Running",
                schema: "jobs",
                table: "Jobs",
                columns: new[] { "OwnerId", "Lane" },
                filter: "\"State\" = 2");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_Turn",
                schema: "jobs",
                table: "Jobs",
                columns: new[] { "OwnerId", "TurnMs" },
                filter: "\"State\" = 1");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_UniqueKey",
                schema: "jobs",
                table: "Jobs",
                columns: new[] { "OwnerId", "UniqueKey" },
                unique: true,
                filter: "\"State\" IN (1, 2) AND \"UniqueKey\" <> ''");

            migrationBuilder.CreateIndex(
                name: "IX_Jobs_Waiting",
                schema: "jobs",
                table: "Jobs",
                column: "DueMs",
                filter: "\"State\" = 1");

            migrationBuilder.CreateIndex(
                name: "IX_Schedules_OwnerId_ScheduleId",
                schema: "jobs",
                table: "Schedules",
                columns: new[] { "OwnerId", "ScheduleId" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Contents",
                schema: "jobs");

            migrationBuilder.DropTable(
                name: "FlowContents",
                schema: "jobs");

            migrationBuilder.DropTable(
                name: "FlowSignals",
                schema: "jobs");

            migrationBuilder.DropTable(
                name: "FlowSteps",
                schema: "jobs");

            migrationBuilder.DropTable(
                name: "Flows",
                schema: "jobs");

            migrationBuilder.DropTable(
                name: "Jobs",
                schema: "jobs");

            migrationBuilder.DropTable(
                name: "Owners",
                schema: "jobs");

            migrationBuilder.DropTable(
                name: "Schedules",
                schema: "jobs");
        }
    }
}
