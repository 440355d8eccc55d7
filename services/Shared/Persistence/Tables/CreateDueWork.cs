using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace Microservices.Persistence;

/// <summary>The table of due work.</summary>
[DbContext(typeof(SharedDbContext))]
[Migration("20261127000000_CreateDueWork")]
internal sealed class CreateDueWork : Migration
{
    private bool IsSqlite => ActiveProvider == "Microsoft.EntityFrameworkCore.Sqlite";

    private string? Collation => IsSqlite ? null : PortableTypes.Collation;

    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "DueWork",
            table => new
            {
                Number = table.Column<long>()
                    .Annotation("Sqlite:Autoincrement", true)
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                Kind = table.Column<string>(maxLength: 64, collation: Collation),
                Id = table.Column<string>(maxLength: 64, collation: Collation),
                Key = table.Column<string>(maxLength: 200, collation: Collation),
                Priority = table.Column<int>(),
                DueAtMs = table.Column<long>(),
                Payload = table.Column<byte[]>(),
                TraceContext = table.Column<byte[]>(maxLength: 24, nullable: true),
                State = table.Column<int>(),
                Attempts = table.Column<int>(),
                Owner = table.Column<string>(maxLength: 64, collation: Collation),
                LeasedUntilMs = table.Column<long>(),
                Fence = table.Column<long>(),
                LastError = table.Column<string>(maxLength: 512, collation: Collation),
            },
            constraints: table => table.PrimaryKey("PK_DueWork", w => w.Number));
        migrationBuilder.CreateIndex("IX_DueWork_Kind_Id", "DueWork", ["Kind", "Id"], unique: true);
        migrationBuilder.CreateIndex("IX_DueWork_Kind_State_Priority_DueAtMs_Number", "DueWork", ["Kind", "State", "Priority", "DueAtMs", "Number"]);
        migrationBuilder.CreateIndex("IX_DueWork_Kind_Key_State_Number", "DueWork", ["Kind", "Key", "State", "Number"], filter: "\"Key\" <> ''");
    }
}
