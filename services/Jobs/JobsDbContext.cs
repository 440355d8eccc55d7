using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>Jobs, schedules and flows, what they are given and come to, and how much their owners have. To change it: change the model, then add a migration for each provider: .github/CONTRIBUTING.md says how.</summary>
internal abstract class JobsDbContext(DbContextOptions options) : ServiceDbContext(options)
{
    public DbSet<Job> Jobs => Set<Job>();

    public DbSet<JobContent> Contents => Set<JobContent>();

    public DbSet<JobOwner> Owners => Set<JobOwner>();

    public DbSet<Schedule> Schedules => Set<Schedule>();

    public DbSet<Flow> Flows => Set<Flow>();

    public DbSet<FlowContent> FlowContents => Set<FlowContent>();

    public DbSet<FlowStep> FlowSteps => Set<FlowStep>();

    public DbSet<FlowSignal> FlowSignals => Set<FlowSignal>();

    protected override void Describe(ModelBuilder model)
    {
        model.Entity<Job>(job =>
        {
            job.HasKey(j => j.JobId);
            // Serves the list of an owner's, newest first.
            job.HasIndex(j => new { j.OwnerId, j.JobId }).IsUnique();
            // Finds the one that is not over, and of two that are enqueued at once one is refused.
            job.HasIndex(j => new { j.OwnerId, j.UniqueKey }, "IX_Jobs_UniqueKey").IsUnique().HasFilter($"{Job.IsNotOver} AND \"UniqueKey\" <> ''");
            // Serves what is next of an owner.
            job.HasIndex(j => new { j.OwnerId, j.TurnMs }, "IX_Jobs_Turn").HasFilter("\"State\" = 1");
            // Finds what a process that died has left.
            job.HasIndex(j => new { j.OwnerId, j.Lane }, "IX_Jobs_Running").HasFilter("\"State\" = 2");
            // Serve the snapshots of an owner, of a partition, and of all.
            job.HasIndex(j => new { j.OwnerId, j.JobId }, "IX_Jobs_NotOverOwner").HasFilter(Job.IsNotOver);
            job.HasIndex(j => new { j.Partition, j.JobId }, "IX_Jobs_NotOverPartition").HasFilter(Job.IsNotOver);
            // Serve the cleaning.
            job.HasIndex(j => new { j.OwnerId, j.EndTime });
            job.HasIndex(j => j.EndTime);
            job.HasIndex(j => j.DueMs, "IX_Jobs_Waiting").HasFilter("\"State\" = 1");
            job.Property(j => j.JobId).HasMaxLength(64);
            job.Property(j => j.OwnerId).HasMaxLength(64);
            job.Property(j => j.Kind).HasMaxLength(Job.MaxKind);
            job.Property(j => j.UniqueKey).HasMaxLength(Job.MaxUniqueKey);
            job.Property(j => j.FlowId).HasMaxLength(64);
            job.Property(j => j.Detail).HasMaxLength(Job.MaxDetail);
            job.Property(j => j.Version).IsConcurrencyToken();
        });
        model.Entity<JobContent>(content =>
        {
            content.HasKey(c => c.JobId);
            content.Property(c => c.JobId).HasMaxLength(64);
        });
        model.Entity<JobOwner>(owner =>
        {
            owner.HasKey(o => o.OwnerId);
            owner.Property(o => o.OwnerId).HasMaxLength(64);
        });
        model.Entity<Schedule>(schedule =>
        {
            schedule.HasKey(s => s.ScheduleId);
            // Serves the list of an owner's, oldest first.
            schedule.HasIndex(s => new { s.OwnerId, s.ScheduleId }).IsUnique();
            schedule.Property(s => s.ScheduleId).HasMaxLength(64);
            schedule.Property(s => s.OwnerId).HasMaxLength(64);
            schedule.Property(s => s.Cron).HasMaxLength(Schedule.MaxCron);
            schedule.Property(s => s.TimeZone).HasMaxLength(Schedule.MaxTimeZone);
            schedule.Property(s => s.Kind).HasMaxLength(Job.MaxKind);
            schedule.Property(s => s.LastJobId).HasMaxLength(64);
            schedule.Property(s => s.Detail).HasMaxLength(Job.MaxDetail);
            schedule.Property(s => s.Version).IsConcurrencyToken();
        });
        FlowTables.Describe(model);
    }
}

internal sealed class SqliteJobsDbContext(DbContextOptions<SqliteJobsDbContext> options) : JobsDbContext(options);

internal sealed class PostgresJobsDbContext(DbContextOptions<PostgresJobsDbContext> options) : JobsDbContext(options);
