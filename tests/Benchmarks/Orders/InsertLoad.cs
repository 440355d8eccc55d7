using System.Data.Common;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Microservices.Tests.Benchmarks.Orders;

/// <summary>Insert the rows that a database of Orders has into another one, empty and of the same schema.</summary>
/// <param name="Source">Connection string of the one to read.</param>
/// <param name="Target">Of the one to write to.</param>
/// <param name="Orders">How many orders to take, at the most, again and again.</param>
/// <param name="Batch">How many orders a transaction has.</param>
/// <param name="Seconds">How long.</param>
internal sealed record InsertLoadRequest(string Source, string Target, int Orders, int Batch, double Seconds);

/// <summary>Orders a second, with all rows that come of one.</summary>
internal sealed record InsertLoadResult(double PerSecond);

/// <summary>
/// The limit of what placing orders can cost: prepared INSERTs of the same rows (the order, its events, its idempotency key) on one
/// connection, and commits as durable as the service's. Nothing is validated, counted, or told to anybody.
/// </summary>
internal static class InsertLoad
{
    private static readonly string[] Tables = ["Orders", "OutboxEvents", "IdempotencyRecords"];

    public static Task RunAsync(LoadChannel channel, CancellationToken cancellationToken) => channel.ServeAsync<InsertLoadRequest, InsertLoadResult>(MeasureAsync, cancellationToken);

    private static async Task<InsertLoadResult> MeasureAsync(InsertLoadRequest request, CancellationToken cancellationToken)
    {
        await using var source = await OpenAsync(request.Source, cancellationToken);
        await using var target = await OpenAsync(request.Target, cancellationToken);
        var tables = new List<TableRows>();
        foreach (var table in Tables)
            tables.Add(await TableRows.ReadAsync(source, table, request.Orders, cancellationToken));
        var orders = tables[0].Rows.Count;

        var (placed, time) = (0, TimeSpan.Zero);
        while (time < TimeSpan.FromSeconds(request.Seconds))
        {
            foreach (var table in tables)
                await table.ClearAsync(target, cancellationToken);
            for (var from = 0; from < orders && time < TimeSpan.FromSeconds(request.Seconds); from += request.Batch)
            {
                var to = Math.Min(orders, from + request.Batch);
                var started = Stopwatch.GetTimestamp();
                await using var transaction = await target.BeginTransactionAsync(cancellationToken);
                foreach (var table in tables)
                    await table.InsertAsync(transaction, (double)from / orders, (double)to / orders, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                time += Stopwatch.GetElapsedTime(started);
                placed += to - from;
            }
        }

        return new(placed / time.TotalSeconds);
    }

    private static async Task<DbConnection> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        DbConnection connection = connectionString.Contains("Data Source", StringComparison.Ordinal)
            ? new SqliteConnection(connectionString)
            : new NpgsqlConnection(connectionString + ";Max Auto Prepare=20;Auto Prepare Min Usages=1");
        await connection.OpenAsync(cancellationToken);
        return connection;
    }
}
