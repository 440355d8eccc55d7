using System.Net.Sockets;
using Npgsql;

namespace Microservices.Local;

/// <summary>Whether the PostgreSQL of <c>--postgres</c> answers, lets the account in, and has its database or lets the account create it.</summary>
/// <param name="postgres">Npgsql's connection string.</param>
/// <param name="patience">How long it may take.</param>
internal sealed class PostgresCheck(string postgres, TimeSpan patience)
{
    // The driver has no code for it.
    private const string NoPassword = "No password has been provided";

    private readonly NpgsqlConnectionStringBuilder server = new(postgres) { Pooling = false };

    private string Server => $"{server.Host}:{server.Port}";

    /// <summary>Throws a <see cref="LaunchException"/> that says what is in the way. What it does not ask, the services say when they start.</summary>
    public async Task RunAsync()
    {
        using var late = new CancellationTokenSource(patience);
        try
        {
            await using var connection = await OpenAsync(server, late.Token);
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification)
        {
            throw LaunchException.Refused($"--postgres must have a Username and a Password that {Server} accepts, but it says: {refused.MessageText}");
        }
        catch (NpgsqlException refused) when (refused.Message.StartsWith(NoPassword, StringComparison.Ordinal))
        {
            throw LaunchException.Refused($"--postgres must have the Password that {Server} asks for, but has none");
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            if (!await MayCreateAsync(late.Token))
                throw LaunchException.Refused($"--postgres {Server} has no database \"{server.Database}\", and \"{server.Username}\" may not create it. Have an account that may do so run: createdb -h {server.Host} -p {server.Port} -O \"{server.Username}\" \"{server.Database}\"");
        }
        catch (PostgresException)
        {
            // It answered.
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or OperationCanceledException)
        {
            var cause = e.GetBaseException();
            var why = cause is OperationCanceledException or TimeoutException ? $"no answer within {patience.TotalSeconds:0} s" : cause.Message;
            throw LaunchException.Refused($"--postgres {Server} cannot be reached: {why}. Start a PostgreSQL there, or leave the option out for SQLite files");
        }
    }

    // Where it cannot be asked, the services will see.
    private async Task<bool> MayCreateAsync(CancellationToken late)
    {
        try
        {
            await using var connection = await OpenAsync(new(server.ToString()) { Database = "postgres" }, late);
            await using var command = new NpgsqlCommand("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user", connection);
            return await command.ExecuteScalarAsync(late) is not false;
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or OperationCanceledException)
        {
            return true;
        }
    }

    private static async Task<NpgsqlConnection> OpenAsync(NpgsqlConnectionStringBuilder where, CancellationToken late)
    {
        // Not disposed of where it fails: one that is still connecting refuses that.
        var connection = new NpgsqlConnection(where.ToString());
        // A server that accepts and then says nothing holds up the handshake, token or not.
        await connection.OpenAsync(late).WaitAsync(late);
        return connection;
    }
}
