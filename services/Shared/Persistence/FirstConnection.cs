using System.Net.Sockets;
using Microservices.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Microservices.Persistence;

/// <summary>
/// The first connection of a starting process to its PostgreSQL. A server that is away is tried again for <see cref="PersistenceOptions.UnavailableAfter"/>:
/// one that starts at the same time needs a moment, and none will ever be at an address that is wrong. An attempt that is under way has a limit of its
/// own, so that a good start never ends because it is slow.
/// </summary>
internal sealed partial class FirstConnection<TContext>(
    IDbContextFactory<TContext> contexts, IOptions<PersistenceOptions> options, TimeProvider time, ILogger<FirstConnection<TContext>> logger)
    where TContext : ServiceDbContext
{
    // The driver has no code for it.
    private const string NoPassword = "No password has been provided";
    private const string Silence = "it does not answer";

    // The driver's own default.
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns once the server has answered, whatever it has.</summary>
    /// <exception cref="InvalidSettingException">It did not.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        var server = await ConnectionStringAsync(cancellationToken);
        string? told = null;
        long? since = null;
        while (true)
        {
            var begun = time.GetTimestamp();
            if (await FailureAsync(server, cancellationToken) is not { } failure)
                return;
            var cause = failure.GetBaseException() is OperationCanceledException or TimeoutException ? Silence : failure.GetBaseException().Message;
            // Silence is one from its beginning; a refusal says nothing of the time before it.
            since ??= cause == Silence ? begun : time.GetTimestamp();
            if (time.GetElapsedTime(since.Value) >= options.Value.UnavailableAfter)
                throw Away(server, cause, failure);
            if (told != cause)
                LogWaiting(told = cause);
            await Task.Delay(RetryDelay, time, cancellationToken);
        }
    }

    private async Task<string> ConnectionStringAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return context.Database.GetConnectionString()!;
    }

    /// <summary>Why the server was not reached; null when it has answered.</summary>
    private async Task<Exception?> FailureAsync(string server, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(AttemptTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        // Not disposed of where it fails: one that is still connecting refuses that.
        var connection = new NpgsqlConnection(server);
        try
        {
            // A server that accepts and then says nothing holds up Npgsql's handshake, token or not.
            await connection.OpenAsync(both.Token).WaitAsync(both.Token);
            await connection.CloseAsync();
            return null;
        }
        catch (PostgresException)
        {
            return null;
        }
        catch (NpgsqlException exception) when (exception.Message.StartsWith(NoPassword, StringComparison.Ordinal))
        {
            throw new InvalidSettingException(
                PersistenceRegistration.Key, $"must have the Password that {DatabaseRefusal.ServerOf(server)} asks for, but has none", exception);
        }
        catch (Exception exception) when (exception is NpgsqlException or SocketException or OperationCanceledException)
        {
            // What a driver makes of a token is its own affair; what it means is this.
            cancellationToken.ThrowIfCancellationRequested();
            return exception;
        }
    }

    private InvalidSettingException Away(string server, string cause, Exception failure) => new(
        PersistenceRegistration.Key,
        $"must name a PostgreSQL that is up, but {DatabaseRefusal.ServerOf(server)} was not reached within {options.Value.UnavailableAfter} (Persistence:UnavailableAfter): {cause}. To go on, start it, or correct Host and Port",
        failure);

    [LoggerMessage(LogLevel.Information, "Waiting for the database: {Cause}")]
    private partial void LogWaiting(string cause);
}
