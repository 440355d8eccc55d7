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
    private const string Bearer = "-H \"authorization: Bearer $T\"";
    private const string ListUsers = """{"pageSize": 5}""";

    /// <summary>The text, with the process ids of the replicas.</summary>
    public static string Text(Plan plan, Func<Replica, int> pid) => $"""

        {Table(plan, pid)}
        Dashboard: {(plan.Options.Dashboard ? $"http://localhost:{Catalog.DashboardPort}" : "left out")}
        Console:   {plan.Origin}/
        Docs:      {plan.Origin}/docs
        Redis:     {plan.Redis}{(plan.Options.Redis is null ? " (embedded)" : "")}
        Data:      {plan.Data}{(plan.Options.Postgres is null ? "" : ", and PostgreSQL")}
        Accounts:  {Accounts(plan)}

        Copy and paste:

          {TokenCommand(plan)}

          curl -sS {Trust(plan, "--cacert")}{plan.Origin}/v1/users {Bearer} -H 'Content-Type: application/json' -H 'Idempotency-Key: {Stamp}' -d '{CreateUser}'

          grpcurl {(plan.Options.Tls ? Trust(plan, "-cacert") : "-plaintext ")}{Bearer} -d '{ListUsers}' {Users} users.v1.UsersService/ListUsers

          buf curl --protocol grpc {(plan.Options.Tls ? Trust(plan, "--cacert") : "--http2-prior-knowledge ")}{Bearer} -d '{ListUsers}' {(plan.Options.Tls ? "https" : "http")}://{Users}/users.v1.UsersService/ListUsers

        Ready after {Age.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s. Ctrl-C stops all.

        """;

    private static string Accounts(Plan plan) =>
        Plan.HasDemoAccounts ? $"grace, a user, and operator; their passwords are in {Plan.DemoOf(plan.Data)}" : "those that you have made; demo accounts are made in Development only";

    // As it is called from where the launcher was.
    private static string TokenCommand(Plan plan)
    {
        if (!Plan.HasDemoAccounts)
            return "T=...";
        var from = Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(Repository.Root, "deploy", "token"));
        var program = from.StartsWith("..", StringComparison.Ordinal) ? Path.GetFullPath(from) : from;
        return $"T=$({Quoted(program)} operator{(plan.Data == LaunchCommand.DefaultData ? "" : $" --data {Quoted(plan.Data)}")})";
    }

    // By which option a program believes the suite's certificate authority.
    private static string Trust(Plan plan, string option) => plan.Options.Tls ? $"{option} {Quoted(plan.Certificates.Authority)} " : "";

    private static string Quoted(string path) => path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_') ? path : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

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
                replica.HttpPort is { } http ? $"{(plan.Options.Tls ? "https" : "http")}://localhost:{http}" : "",
            ]),
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(r => r[column].Length));
        return string.Concat(rows.Select(row =>
            string.Join("  ", row.Zip(widths, (cell, width) => cell.PadRight(width))).TrimEnd() + Environment.NewLine));
    }
}
