using System.Globalization;

namespace Microservices.Local;

/// <summary>What is shown once all are ready: where everything is, and commands to copy.</summary>
internal static class Welcome
{
    /// <summary>Shows it.</summary>
    public static void Print(Suite suite, Plan plan, Terminal terminal) => terminal.Show($"""

        {Table(suite)}
        Redis: {plan.Redis}{(plan.RedisIsEmbedded ? " (embedded)" : "")}
        Data:  {(plan.Postgres is null ? plan.Data : "PostgreSQL")}
        Docs:  {Rest}/docs

        Copy and paste:

          curl -sS {Rest}/v1/users -H 'Content-Type: application/json' -H 'Idempotency-Key: {Stamp}' -d '{CreateUser}'

          grpcurl -plaintext -d '{ListUsers}' {Users} users.v1.UsersService/ListUsers

          buf curl --protocol grpc --http2-prior-knowledge -d '{ListUsers}' http://{Users}/users.v1.UsersService/ListUsers

        Ready after {suite.Age.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s. Ctrl-C stops all.

        """);

    private static readonly string Rest = $"http://localhost:{Catalog.Services.Single(s => s.Name == "gateway").HttpPort}";
    private static readonly string Users = $"localhost:{Catalog.Services.Single(s => s.Name == "users").GrpcPort}";

    // The e-mail is unique and outlasts the key, so each start has its own; within one, the command may be repeated.
    private static readonly string Stamp = DateTimeOffset.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
    private static readonly string CreateUser = $$"""{"displayName": "Ada Lovelace", "email": "ada-{{Stamp}}@example.com"}""";
    private const string ListUsers = """{"pageSize": 5}""";

    private static string Table(Suite suite)
    {
        string[][] rows =
        [
            ["SERVICE", "PID", "GRPC", "MANAGEMENT", "HTTP"],
            .. suite.Processes.Select(p => (string[])
            [
                p.Replica.Name,
                $"{p.Pid}",
                $"localhost:{p.Replica.GrpcPort}",
                $"http://localhost:{p.Replica.ManagementPort}",
                p.Replica.HttpPort is { } http ? $"http://localhost:{http}" : "",
            ]),
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(r => r[column].Length));
        return string.Concat(rows.Select(row =>
            string.Join("  ", row.Zip(widths, (cell, width) => cell.PadRight(width))).TrimEnd() + Environment.NewLine));
    }
}
