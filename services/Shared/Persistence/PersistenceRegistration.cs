using System.Data.Common;
using Microservices.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microservices.Persistence;

/// <summary>Registers a service's database.</summary>
public static class PersistenceRegistration
{
    private const int AutoPrepared = 100;
    private const string HistoryTable = "__EFMigrationsHistory";
    internal const string Key = "ConnectionStrings:Database";

    /// <summary>
    /// Registers <see cref="Database{TContext}"/> for the database that <c>ConnectionStrings:Database</c> names: PostgreSQL when it
    /// has a <c>Host</c>, SQLite when it has a <c>Data Source</c>. Migrations are kept for each, so each has a context of its own
    /// derived from the service's. The database is migrated before the process starts to serve.
    /// </summary>
    /// <exception cref="InvalidSettingException">The connection string is missing or neither of the two; the message names the key.</exception>
    public static WebApplicationBuilder AddPersistence<TContext, TSqlite, TPostgres>(this WebApplicationBuilder builder)
        where TContext : ServiceDbContext
        where TSqlite : TContext
        where TPostgres : TContext
    {
        var options = builder.Configuration.GetSection(PersistenceOptions.Section).Get<PersistenceOptions>() ?? new PersistenceOptions();
        builder.Services.AddValidatedOptions<PersistenceOptions, PersistenceOptionsValidator>(PersistenceOptions.Section);
        builder.Services.TryAddSingleton(TimeProvider.System);

        var connectionString = builder.Configuration.GetConnectionString("Database");
        switch (Provider(connectionString))
        {
            case "Sqlite":
                AddContext<TContext, TSqlite>(builder.Services, context => context.UseSqlite(Sqlite(connectionString!, options)));
                builder.Services.AddDbContextFactory<SharedDbContext>(context => context.UseSqlite(
                    Sqlite(connectionString!, options), sqlite => sqlite.MigrationsHistoryTable(SharedDbContext.HistoryTable)));
                break;
            default:
                var (schema, timeout) = (ServiceDbContext.SchemaOf(typeof(TPostgres)), (int)options.CommandTimeout.TotalSeconds);
                AddContext<TContext, TPostgres>(builder.Services, context => context.UseNpgsql(
                    Postgres(connectionString!), npgsql => npgsql.MigrationsHistoryTable(HistoryTable, schema).CommandTimeout(timeout)));
                builder.Services.AddDbContextFactory<SharedDbContext>(context => context.UseNpgsql(
                    PostgresSchema(connectionString!, schema), npgsql => npgsql.MigrationsHistoryTable(SharedDbContext.HistoryTable, schema).CommandTimeout(timeout)));
                break;
        }

        builder.Services.AddSingleton<OutboxSignal<TContext>>();
        builder.Services.AddSingleton<DatabaseOutage<TContext>>();
        builder.Services.AddSingleton(services => new Database<TContext>(
            services.GetRequiredService<IDbContextFactory<TContext>>(), services.GetRequiredService<OutboxSignal<TContext>>(), services.GetRequiredService<DatabaseOutage<TContext>>(), options,
            services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<DatabaseSchema<TContext>>();
        builder.Services.AddSingleton<Migrator<TContext>>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Migrator<TContext>>());
        builder.Services.AddKeyedSingleton<IHostedLifecycleService>(MigrationJob.Key, (services, _) => services.GetRequiredService<Migrator<TContext>>());
        builder.Services.AddHostedService<IdempotencyCleaner<TContext>>();
        builder.Services.AddHostedService<DatabaseProbe<TContext>>();
        builder.Services.AddHealthChecks()
            .AddCheck<DatabaseCheck<TContext>>("database", HealthStatus.Unhealthy, tags: [], timeout: TimeSpan.FromSeconds(2))
            .AddCheck<WritesCheck<TContext>>("writes", HealthStatus.Degraded);
        return builder;
    }

    private static void AddContext<TContext, TProvider>(IServiceCollection services, Action<DbContextOptionsBuilder> configure)
        where TContext : ServiceDbContext
        where TProvider : TContext
    {
        services.AddPooledDbContextFactory<TProvider>(context =>
        {
            configure(context);
            // Each is thrown as well, to somebody who knows what it means: a race that was lost is run again, an outage is told once.
            context.ConfigureWarnings(warnings => warnings.Log(
                (CoreEventId.SaveChangesFailed, LogLevel.Debug), (CoreEventId.QueryIterationFailed, LogLevel.Debug), (CoreEventId.OptimisticConcurrencyException, LogLevel.Debug),
                (RelationalEventId.CommandError, LogLevel.Debug), (RelationalEventId.ConnectionError, LogLevel.Debug), (RelationalEventId.TransactionError, LogLevel.Debug)));
        });
        services.AddSingleton<IDbContextFactory<TContext>, ProviderFactory<TContext, TProvider>>();
    }

    private static string Provider(string? connectionString)
    {
        var parts = new DbConnectionStringBuilder();
        try
        {
            parts.ConnectionString = connectionString;
        }
        catch (ArgumentException)
        {
            // Said below, without the text: it may hold a password.
        }

        return parts.ContainsKey("Data Source") ? "Sqlite"
            : parts.ContainsKey("Host") ? "Npgsql"
            : throw new InvalidSettingException(Key, "must be SQLite's, such as 'Data Source=.data/users.db', or PostgreSQL's, such as 'Host=localhost;Database=suite;Username=suite', but is missing or neither");
    }

    private static string Sqlite(string connectionString, PersistenceOptions options)
    {
        SqliteConnectionStringBuilder sqlite;
        try
        {
            sqlite = new SqliteConnectionStringBuilder(connectionString) { ForeignKeys = true, DefaultTimeout = (int)options.CommandTimeout.TotalSeconds };
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            throw new InvalidSettingException(Key, $"must be like SQLite's 'Data Source=.data/users.db': {exception.Message}", exception);
        }

        if (Path.GetDirectoryName(Path.GetFullPath(sqlite.DataSource)) is { } directory)
            CreateDirectory(directory);
        return sqlite.ToString();
    }

    private static void CreateDirectory(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidSettingException(Key, $"must name a file in a directory that exists or can be made; '{directory}' cannot: {exception.Message}", exception);
        }
    }

    private static string Postgres(string connectionString)
    {
        NpgsqlConnectionStringBuilder postgres;
        try
        {
            postgres = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException exception)
        {
            // Says which part, without its value: that may be a password.
            throw new InvalidSettingException(Key, $"must be like PostgreSQL's 'Host=localhost;Database=suite;Username=suite': {exception.Message}", exception);
        }

        // A service asks the same few questions again and again: each is parsed and planned once a connection.
        if (!postgres.ShouldSerialize("Max Auto Prepare"))
            postgres.MaxAutoPrepare = AutoPrepared;
        return postgres.ToString();
    }

    /// <summary>For connections that make tables in a schema, where these name none. Hardly used, so that none is kept.</summary>
    private static string PostgresSchema(string connectionString, string schema) =>
        new NpgsqlConnectionStringBuilder(Postgres(connectionString)) { SearchPath = schema, Pooling = false }.ToString();

    private sealed class ProviderFactory<TContext, TProvider>(IDbContextFactory<TProvider> factory) : IDbContextFactory<TContext>
        where TContext : ServiceDbContext
        where TProvider : TContext
    {
        public TContext CreateDbContext() => factory.CreateDbContext();

        public async Task<TContext> CreateDbContextAsync(CancellationToken cancellationToken = default) =>
            await factory.CreateDbContextAsync(cancellationToken);
    }
}

internal sealed class DatabaseCheck<TContext>(IDbContextFactory<TContext> contexts) : IHealthCheck
    where TContext : ServiceDbContext
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return await database.Database.CanConnectAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("the database cannot be reached");
    }
}
