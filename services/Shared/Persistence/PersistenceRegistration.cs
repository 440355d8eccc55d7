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
using Microsoft.Extensions.Options;
using Npgsql;

namespace Microservices.Persistence;

/// <summary>Registers a service's database.</summary>
public static class PersistenceRegistration
{
    private const int AutoPrepared = 100;
    private const string HistoryTable = "__EFMigrationsHistory";
    private const string ExampleOfSqlite = "SQLite's, such as 'Data Source=.data/users.db'";
    private const string ExampleOfPostgres = "PostgreSQL's, such as 'Host=localhost;Database=suite;Username=suite'";
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
        builder.Services.AddValidatedOptions<PersistenceOptions, PersistenceOptionsValidator>(PersistenceOptions.Section);
        builder.Services.TryAddSingleton(TimeProvider.System);
        switch (Parse(builder.Configuration.GetConnectionString("Database")))
        {
            case SqliteConnectionStringBuilder sqlite:
                DatabaseSpans.AddSqlite(builder.Services);
                AddContexts<TContext, TSqlite>(
                    builder.Services,
                    (context, timeout) => context.UseSqlite(Sqlite(sqlite, timeout)),
                    (context, timeout) => context.UseSqlite(Sqlite(sqlite, timeout), options => options.MigrationsHistoryTable(SharedDbContext.HistoryTable)));
                break;
            case NpgsqlConnectionStringBuilder postgres:
                DatabaseSpans.AddPostgres(builder.Services);
                builder.Services.AddSingleton<FirstConnection<TContext>>();
                var schema = ServiceDbContext.SchemaOf(typeof(TPostgres));
                // Names the schema for tables that name none. Hardly used, so that no connection is kept.
                var inSchema = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { SearchPath = schema, Pooling = false };
                AddContexts<TContext, TPostgres>(
                    builder.Services,
                    (context, timeout) => context.UseNpgsql(
                        postgres.ConnectionString, options => options.MigrationsHistoryTable(HistoryTable, schema).CommandTimeout(timeout)),
                    (context, timeout) => context.UseNpgsql(
                        inSchema.ConnectionString, options => options.MigrationsHistoryTable(SharedDbContext.HistoryTable, schema).CommandTimeout(timeout)));
                break;
        }

        builder.Services.AddSingleton<OutboxSignal<TContext>>();
        builder.Services.AddSingleton<DatabaseOutage<TContext>>();
        builder.Services.AddSingleton(services => new Database<TContext>(
            services.GetRequiredService<IDbContextFactory<TContext>>(), services.GetRequiredService<OutboxSignal<TContext>>(), services.GetServices<DueKind>(),
            services.GetRequiredService<DatabaseOutage<TContext>>(), services.GetRequiredService<IOptions<PersistenceOptions>>().Value, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new Rehearsal<TContext>(services, services.GetRequiredService<Database<TContext>>()));
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

    private static void AddContexts<TContext, TProvider>(
        IServiceCollection services, Action<DbContextOptionsBuilder, int> configure, Action<DbContextOptionsBuilder, int> configureShared)
        where TContext : ServiceDbContext
        where TProvider : TContext
    {
        services.AddPooledDbContextFactory<TProvider>((provider, context) =>
        {
            configure(context, CommandTimeout(provider));
            // Each is thrown as well, and the code that catches it knows what it means: a lost race is run again, an outage is logged once.
            context.ConfigureWarnings(warnings => warnings.Log(
                (CoreEventId.SaveChangesFailed, LogLevel.Debug), (CoreEventId.QueryIterationFailed, LogLevel.Debug), (CoreEventId.OptimisticConcurrencyException, LogLevel.Debug),
                (RelationalEventId.CommandError, LogLevel.Debug), (RelationalEventId.ConnectionError, LogLevel.Debug), (RelationalEventId.TransactionError, LogLevel.Debug)));
        });
        services.AddSingleton<IDbContextFactory<TContext>, ProviderFactory<TContext, TProvider>>();
        services.AddDbContextFactory<SharedDbContext>((provider, context) => configureShared(context, CommandTimeout(provider)));
    }

    // In seconds.
    private static int CommandTimeout(IServiceProvider services) => (int)services.GetRequiredService<IOptions<PersistenceOptions>>().Value.CommandTimeout.TotalSeconds;

    private static DbConnectionStringBuilder Parse(string? connectionString)
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

        return parts.ContainsKey("Data Source") ? ParseSqlite(connectionString!)
            : parts.ContainsKey("Host") ? ParsePostgres(connectionString!)
            : throw new InvalidSettingException(Key, $"must be {ExampleOfSqlite}, or {ExampleOfPostgres}, but is missing or neither");
    }

    private static TBuilder Parse<TBuilder>(string connectionString, string example, Func<string, TBuilder> parse)
    {
        try
        {
            return parse(connectionString);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            // Says which part, without its value: that may be a password.
            throw new InvalidSettingException(Key, $"must be {example}: {exception.Message}", exception);
        }
    }

    private static SqliteConnectionStringBuilder ParseSqlite(string connectionString)
    {
        var sqlite = Parse(connectionString, ExampleOfSqlite, text => new SqliteConnectionStringBuilder(text) { ForeignKeys = true });
        if (Path.GetDirectoryName(Path.GetFullPath(sqlite.DataSource)) is { } directory)
            CreateDirectory(directory);
        return sqlite;
    }

    // SQLite's own setting: transactions wait by it as well, for the one that writes.
    private static string Sqlite(SqliteConnectionStringBuilder sqlite, int timeout) =>
        new SqliteConnectionStringBuilder(sqlite.ConnectionString) { DefaultTimeout = timeout }.ConnectionString;

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

    private static NpgsqlConnectionStringBuilder ParsePostgres(string connectionString)
    {
        var postgres = Parse(connectionString, ExampleOfPostgres, text => new NpgsqlConnectionStringBuilder(text));
        // A service asks the same few questions again and again: each is parsed and planned once a connection.
        if (!postgres.ShouldSerialize("Max Auto Prepare"))
            postgres.MaxAutoPrepare = AutoPrepared;
        return postgres;
    }

    private sealed class ProviderFactory<TContext, TProvider>(IDbContextFactory<TProvider> factory) : IDbContextFactory<TContext>
        where TContext : ServiceDbContext
        where TProvider : TContext
    {
        public TContext CreateDbContext() => factory.CreateDbContext();

        public async Task<TContext> CreateDbContextAsync(CancellationToken cancellationToken = default) =>
            await factory.CreateDbContextAsync(cancellationToken);
    }
}
