using System.Data.Common;
using Npgsql;

namespace Microservices.Tests.Benchmarks.Orders;

/// <summary>Rows of a table, whatever its columns, and how to insert them elsewhere.</summary>
internal sealed class TableRows
{
    private readonly string _table;
    private readonly string _insert;

    private TableRows(string table, string insert, List<object[]> rows) => (_table, _insert, Rows) = (table, insert, rows);

    public List<object[]> Rows { get; }

    /// <summary>Reads as many rows as come of so many orders.</summary>
    public static async Task<TableRows> ReadAsync(DbConnection source, string table, int orders, CancellationToken cancellationToken)
    {
        var isPostgres = source is NpgsqlConnection;
        string Name(string name) => isPostgres ? $"orders.\"{name}\"" : $"\"{name}\"";
        await using var query = source.CreateCommand();
        query.CommandText = $"SELECT * FROM {Name(table)} LIMIT (SELECT {orders} * (SELECT COUNT(*) FROM {Name(table)}) / COUNT(*) FROM {Name("Orders")})";
        await using var reader = await query.ExecuteReaderAsync(cancellationToken);
        // Of PostgreSQL, a text is no jsonb unless it is said to be.
        var values = Enumerable.Range(0, reader.FieldCount).Select(i => isPostgres ? $"@p{i}::{reader.GetDataTypeName(i)}" : $"@p{i}");
        var insert = $"INSERT INTO {Name(table)} ({string.Join(", ", Enumerable.Range(0, reader.FieldCount).Select(i => $"\"{reader.GetName(i)}\""))}) VALUES ({string.Join(", ", values)})";
        var rows = new List<object[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }

        return rows.Count > 0 ? new(Name(table), insert, rows) : throw new InvalidOperationException($"There is nothing in {table}");
    }

    public async Task ClearAsync(DbConnection target, CancellationToken cancellationToken)
    {
        await using var command = target.CreateCommand();
        command.CommandText = $"DELETE FROM {_table}";
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Inserts the rows from one share of them to another, in one round trip where the database can.</summary>
    public async Task InsertAsync(DbTransaction transaction, double from, double to, CancellationToken cancellationToken)
    {
        var rows = Rows[(int)(Rows.Count * from)..(int)(Rows.Count * to)];
        if (transaction.Connection!.CanCreateBatch)
        {
            await using var batch = transaction.Connection.CreateBatch();
            batch.Transaction = transaction;
            foreach (var row in rows)
            {
                var command = batch.CreateBatchCommand();
                command.CommandText = _insert;
                Bind(command.Parameters, row, command.CreateParameter);
                batch.BatchCommands.Add(command);
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
            return;
        }

        await using var prepared = transaction.Connection.CreateCommand();
        prepared.Transaction = transaction;
        prepared.CommandText = _insert;
        foreach (var row in rows)
        {
            prepared.Parameters.Clear();
            Bind(prepared.Parameters, row, prepared.CreateParameter);
            await prepared.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static void Bind(DbParameterCollection parameters, object[] row, Func<DbParameter> create)
    {
        for (var i = 0; i < row.Length; i++)
        {
            var parameter = create();
            parameter.ParameterName = $"@p{i}";
            parameter.Value = row[i];
            parameters.Add(parameter);
        }
    }
}
