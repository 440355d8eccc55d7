using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>
/// Migrates the <see cref="SharedTables"/>, in each service's database or schema, by a history of their own. It is for nothing else: what is to
/// commit together goes through the service's context. Its migrations are written by hand, one for both providers: a test compares what they make
/// with the model. Tables are made without a schema, in the one that the connection's search path names.
/// </summary>
internal sealed class SharedDbContext(DbContextOptions<SharedDbContext> options) : DbContext(options)
{
    public const string HistoryTable = "__SharedMigrationsHistory";

    protected override void OnModelCreating(ModelBuilder modelBuilder) => SharedTables.Describe(modelBuilder);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) => PortableTypes.Use(configurationBuilder, Database.IsNpgsql());
}
