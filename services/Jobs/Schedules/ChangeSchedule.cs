using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>Gets and lists schedules, has one pause or go on, and deletes one.</summary>
internal sealed class ChangeSchedule(Database<JobsDbContext> database)
{
    public Task<V1.Schedule> GetAsync(string scheduleId, Rights rights, CancellationToken cancellationToken)
    {
        Check(scheduleId).ThrowIfAny(JobsErrors.Domain);
        return database.ReadAsync(async context => (await FindAsync(context, scheduleId, rights, cancellationToken)).ToMessage(), cancellationToken);
    }

    public async Task<ListSchedulesResponse> ListAsync(string ownerId, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("owner_id", ownerId);
        violations.ThrowIfAny(JobsErrors.Domain);
        var schedules = await database.ReadAsync(context => context.Schedules.Where(s => s.OwnerId == ownerId).OrderBy(s => s.ScheduleId).ToListAsync(cancellationToken), cancellationToken);
        var response = new ListSchedulesResponse();
        response.Schedules.AddRange(schedules.Select(schedule => schedule.ToMessage()));
        return response;
    }

    public Task<V1.Schedule> UpdateAsync(UpdateScheduleRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = Check(request.ScheduleId);
        if (!request.HasPaused)
            violations.Add("paused", "is required");
        violations.ThrowIfAny(JobsErrors.Domain);
        return database.WriteAsync(async context =>
        {
            var schedule = await FindAsync(context, request.ScheduleId, rights, cancellationToken);
            if (schedule.Paused != request.Paused)
            {
                schedule.Paused = request.Paused;
                if (schedule.GoOn(DateTimeOffset.FromUnixTimeMilliseconds(await context.ReadClockAsync(cancellationToken))) is { } due)
                    context.AddDue(due);
            }

            return schedule.ToMessage();
        }, cancellationToken);
    }

    public Task<V1.Schedule> DeleteAsync(string scheduleId, Rights rights, CancellationToken cancellationToken)
    {
        Check(scheduleId).ThrowIfAny(JobsErrors.Domain);
        return database.WriteAsync(async context =>
        {
            var schedule = await FindAsync(context, scheduleId, rights, cancellationToken);
            // Its due work finds nothing when its time has come.
            context.Remove(schedule);
            await context.Contents.Where(c => c.JobId == scheduleId).ExecuteDeleteAsync(cancellationToken);
            await context.Owners.Where(o => o.OwnerId == schedule.OwnerId).ExecuteUpdateAsync(s => s.SetProperty(o => o.Schedules, o => o.Schedules - 1), cancellationToken);
            return schedule.ToMessage();
        }, cancellationToken);
    }

    private static FieldViolations Check(string scheduleId)
    {
        var violations = new FieldViolations();
        violations.CheckId("schedule_id", scheduleId);
        return violations;
    }

    /// <summary>A schedule that the caller may see.</summary>
    private static async Task<Schedule> FindAsync(JobsDbContext context, string scheduleId, Rights rights, CancellationToken cancellationToken) =>
        await context.Schedules.FirstOrDefaultAsync(s => s.ScheduleId == scheduleId && (rights.Owner == null || s.OwnerId == rights.Owner), cancellationToken)
        ?? throw new StatusException(JobsErrors.ScheduleNotFound(scheduleId));
}
