using System.Diagnostics;
using System.Globalization;

namespace Microservices.Local;

/// <summary>What is shown once all are ready: where everything is, and commands to copy.</summary>
internal static class Welcome
{
    private static readonly string Users = $"localhost:{Catalog.Services.Single(s => s.Name == "users").GrpcPort}";

    // The e-mail is unique and outlasts the key, so each start has its own; within one, the command may be repeated.
    private static readonly string Stamp = DateTimeOffset.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
    private static readonly string CreateUser = $$"""{"displayName": "Ada Lovelace", "email": "ada-{{Stamp}}@example.com"}""";
    private const string ListUsers = """{"pageSize": 5}""";

    /// <summary>The text, with the process ids of the replicas.</summary>
    public static string Text(Plan plan, Func<Replica, int> pid) => $"""

        {Table(plan, pid)}
        Dashboard: {(plan.Options.Dashboard ? $"http://localhost:{Catalog.DashboardPort}" : "left out")}
        Docs:      {Catalog.Origin}/docs
        Redis:     {plan.Redis}{(plan.Options.Redis is null ? " (embedded)" : "")}
        Data:      {(plan.Options.Postgres is null ? plan.Data : "PostgreSQL")}

        Copy and paste:

          curl -sS {Catalog.Origin}/v1/users -H 'Content-Type: application/json' -H 'Idempotency-Key: {Stamp}' -d '{CreateUser}'

          grpcurl -plaintext -d '{ListUsers}' {Users} users.v1.UsersService/ListUsers

          buf curl --protocol grpc --http2-prior-knowledge -d '{ListUsers}' http://{Users}/users.v1.UsersService/ListUsers

        Ready after {Age.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s. Ctrl-C stops all.

        """;

    private static TimeSpan Age => DateTime.Now - Process.GetCurrentProcess().StartTime;

    private static string Table(Plan plan, Func<Replica, int> pid)
    {
        string[][] rows =
        [
            ["SERVICE", "PID", "GRPC", "MANAGEMENT", "HTTP"],
            .. plan.Replicas.Select(replica => (string[])
            [
                replica.Name,
                $"{pid(replica)}",
                $"localhost:{replica.GrpcPort}",
                $"http://localhost:{replica.ManagementPort}",
                replica.HttpPort is { } http ? $"http://localhost:{http}" : "",
            ]),
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(r => r[column].Length));
        return string.Concat(rows.Select(row =>
            string.Join("  ", row.Zip(widths, (cell, width) => cell.PadRight(width))).TrimEnd() + Environment.NewLine));
    }
}
