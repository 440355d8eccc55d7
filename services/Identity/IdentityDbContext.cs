using Microservices.Persistence;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;

namespace Microservices.Identity;

/// <summary>
/// Accounts, sessions, revocations, keys, the audit log, and what OpenIddict keeps: clients, authorizations and tokens. To change it: change the model, then add a
/// migration for each provider: .github/CONTRIBUTING.md says how.
/// </summary>
internal abstract class IdentityDbContext(DbContextOptions options) : ServiceDbContext(options), IDataProtectionKeyContext
{
    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<Session> Sessions => Set<Session>();

    public DbSet<Revocation> Revocations => Set<Revocation>();

    public DbSet<FailedAttempts> FailedAttempts => Set<FailedAttempts>();

    public DbSet<SigningKeyRow> SigningKeys => Set<SigningKeyRow>();

    public DbSet<AuditRecord> AuditRecords => Set<AuditRecord>();

    public DbSet<AuditHead> AuditHeads => Set<AuditHead>();

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    protected override void Describe(ModelBuilder model)
    {
        model.UseOpenIddict();
        model.Entity<OpenIddictEntityFrameworkCoreToken>(token =>
        {
            // Serve the cleaning, and the end of a session.
            token.HasIndex(t => t.ExpirationDate);
            token.HasIndex(t => t.Subject);
        });
        model.Entity<OpenIddictEntityFrameworkCoreAuthorization>().HasIndex(authorization => authorization.CreationDate);
        model.Entity<Account>(account =>
        {
            account.HasKey(a => a.UserId);
            account.HasIndex(a => a.EmailKey).IsUnique();
            // Serves the cleaning.
            account.HasIndex(a => a.CreateTime, "IX_Accounts_Pending").HasFilter("\"IsRegistered\" = false");
            account.Property(a => a.UserId).HasMaxLength(64);
            account.Property(a => a.Email).HasMaxLength(254);
            account.Property(a => a.EmailKey).HasMaxLength(254);
            account.Property(a => a.DisplayName).HasMaxLength(800);
            account.Property(a => a.PasswordHash).HasMaxLength(256);
            account.Property(a => a.Version).IsConcurrencyToken();
        });
        model.Entity<Session>(session =>
        {
            session.HasKey(s => s.SessionId);
            session.HasIndex(s => s.UserId);
            session.HasIndex(s => s.ExpireTime);
            session.HasIndex(s => s.Key).IsUnique();
            session.Property(s => s.SessionId).HasMaxLength(32);
            session.Property(s => s.UserId).HasMaxLength(64);
            session.Property(s => s.Key).HasMaxLength(Session.KeyLength);
            session.Property(s => s.ClientId).HasMaxLength(100);
            session.Property(s => s.Address).HasMaxLength(45);
            session.Property(s => s.UserAgent).HasMaxLength(Session.MaxUserAgent);
            // Of two that end it at once, one finds that it was done.
            session.Property(s => s.EndTime).IsConcurrencyToken();
        });
        model.Entity<Revocation>(revocation =>
        {
            revocation.HasKey(r => new { r.UserId, r.SessionId });
            revocation.HasIndex(r => r.Sequence).IsUnique();
            revocation.HasIndex(r => r.ExpireTime);
            revocation.Property(r => r.UserId).HasMaxLength(64);
            revocation.Property(r => r.SessionId).HasMaxLength(32);
        });
        model.Entity<FailedAttempts>(attempts =>
        {
            attempts.HasKey(a => a.Key);
            attempts.HasIndex(a => a.LastTime);
            attempts.Property(a => a.Key).HasMaxLength(100);
            attempts.Property(a => a.Count).IsConcurrencyToken();
        });
        model.Entity<SigningKeyRow>(key =>
        {
            key.ToTable("SigningKeys").HasKey(k => k.Generation);
            key.Property(k => k.Generation).ValueGeneratedNever();
            key.Property(k => k.KeyId).HasMaxLength(32);
        });
        model.Entity<AuditRecord>(record =>
        {
            record.HasKey(r => r.Sequence);
            record.Property(r => r.Sequence).ValueGeneratedNever();
            record.Property(r => r.Event).HasMaxLength(32);
            record.Property(r => r.Subject).HasMaxLength(64);
            record.Property(r => r.Actor).HasMaxLength(100);
            record.Property(r => r.Address).HasMaxLength(45);
            record.Property(r => r.TraceId).HasMaxLength(32);
            record.Property(r => r.Detail).HasMaxLength(AuditRecord.MaxDetail);
        });
        model.Entity<AuditHead>(head =>
        {
            head.HasKey(h => h.Id);
            head.Property(h => h.Id).ValueGeneratedNever();
            // Records of two transactions cannot have the same place: one of the two is run again.
            head.Property(h => h.Sequence).IsConcurrencyToken();
        });
    }
}

internal sealed class SqliteIdentityDbContext(DbContextOptions<SqliteIdentityDbContext> options) : IdentityDbContext(options);

internal sealed class PostgresIdentityDbContext(DbContextOptions<PostgresIdentityDbContext> options) : IdentityDbContext(options);
