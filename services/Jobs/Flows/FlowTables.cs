using Microservices.Jobs.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>The tables of flows.</summary>
internal static class FlowTables
{
    private const string IsNotOver = "\"EndTime\" IS NULL";

    public static void Describe(ModelBuilder model)
    {
        model.Entity<Flow>(flow =>
        {
            flow.HasKey(f => f.FlowId);
            // Serves the list of an owner's, newest first.
            flow.HasIndex(f => new { f.OwnerId, f.FlowId }).IsUnique();
            // Serve the snapshots of an owner, of a partition, and of all.
            flow.HasIndex(f => new { f.OwnerId, f.FlowId }, "IX_Flows_NotOverOwner").HasFilter(IsNotOver);
            flow.HasIndex(f => new { f.Partition, f.FlowId }, "IX_Flows_NotOverPartition").HasFilter(IsNotOver);
            flow.HasIndex(f => f.FlowId, "IX_Flows_NotOver").HasFilter(IsNotOver);
            // Serve the cleaning.
            flow.HasIndex(f => new { f.OwnerId, f.EndTime });
            flow.HasIndex(f => f.EndTime);
            flow.Property(f => f.FlowId).HasMaxLength(64);
            flow.Property(f => f.OwnerId).HasMaxLength(64);
            flow.Property(f => f.Kind).HasMaxLength(64);
            flow.Property(f => f.Detail).HasMaxLength(Flow.MaxDetail);
            flow.Property(f => f.RerunOf).HasMaxLength(64);
        });
        model.Entity<FlowContent>(content =>
        {
            content.HasKey(c => c.FlowId);
            content.Property(c => c.FlowId).HasMaxLength(64);
        });
        model.Entity<FlowStep>(step =>
        {
            step.HasKey(s => new { s.FlowId, s.Number });
            step.HasIndex(s => new { s.FlowId, s.Name, s.Occurrence }).IsUnique();
            // Finds a result that may be taken for another's.
            step.HasIndex(s => new { s.OwnerId, s.CacheKey }, "IX_FlowSteps_Cache").HasFilter($"\"CacheKey\" <> '' AND \"State\" = {(int)FlowStepState.Done}");
            step.Property(s => s.FlowId).HasMaxLength(64);
            step.Property(s => s.OwnerId).HasMaxLength(64);
            step.Property(s => s.Name).HasMaxLength(FlowStep.MaxName);
            step.Property(s => s.Detail).HasMaxLength(Flow.MaxDetail);
            step.Property(s => s.JobId).HasMaxLength(64);
            step.Property(s => s.CacheKey).HasMaxLength(64);
        });
        model.Entity<FlowSignal>(signal =>
        {
            signal.HasKey(s => new { s.FlowId, s.Number });
            signal.Property(s => s.FlowId).HasMaxLength(64);
            signal.Property(s => s.Name).HasMaxLength(FlowStep.MaxName);
        });
    }
}
