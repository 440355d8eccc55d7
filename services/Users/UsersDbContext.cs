using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Users;

/// <summary>The users' database. To change it: change the model, then add a migration for each provider: .github/CONTRIBUTING.md says how.</summary>
internal abstract class UsersDbContext(DbContextOptions options) : ServiceDbContext(options)
{
    public DbSet<User> Users => Set<User>();

    protected override void Describe(ModelBuilder model) => model.Entity<User>(user =>
    {
        user.HasKey(u => u.UserId);
        user.HasIndex(u => u.EmailKey).IsUnique();
        // Serves the snapshot of a partition.
        user.HasIndex(u => new { u.Partition, u.UserId });
        user.Property(u => u.UserId).HasMaxLength(64);
        user.Property(u => u.DisplayName).HasMaxLength(4 * UserValidation.MaxDisplayName);
        user.Property(u => u.Email).HasMaxLength(254);
        user.Property(u => u.EmailKey).HasMaxLength(254);
        user.Property(u => u.Version).IsConcurrencyToken();
    });
}

internal sealed class SqliteUsersDbContext(DbContextOptions<SqliteUsersDbContext> options) : UsersDbContext(options);

internal sealed class PostgresUsersDbContext(DbContextOptions<PostgresUsersDbContext> options) : UsersDbContext(options);
