using System.Globalization;
using Google.Protobuf;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>
/// Enqueues the job of a schedule whose time has come, and asks for the next time, in the transaction that ends the due work: so each job comes once. Times that have passed meanwhile come to
/// nothing.
/// </summary>
internal sealed class FireSchedules(EnqueueJob enqueue, TimeProvider time) : IDueHandler<JobsDbContext>
{
    public Task<DueResult<JobsDbContext>> HandleAsync(DueWork work, CancellationToken cancellationToken) =>
        Task.FromResult(DueResult.Done<JobsDbContext>(context => FireAsync(context, work, cancellationToken)));

    private async Task FireAsync(JobsDbContext context, DueWork work, CancellationToken cancellationToken)
    {
        // Deleted, or paused; and it may have paused and gone on, so that this is due for a time that does not count any more.
        if (await context.Schedules.FirstOrDefaultAsync(s => s.ScheduleId == work.Id, cancellationToken) is not { NextTime: { } due } schedule)
            return;
        var now = DateTimeOffset.FromUnixTimeMilliseconds(work.TakenAtMs);
        if (due <= now)
            await EnqueueAsync(context, schedule, due, cancellationToken);
        if (schedule.GoOn(due <= now ? now : due.AddTicks(-1)) is { } next)
            context.AddDue(next);
    }

    private async Task EnqueueAsync(JobsDbContext context, Schedule schedule, DateTimeOffset due, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var request = new EnqueueJobRequest
        {
            OwnerId = schedule.OwnerId,
            Kind = schedule.Kind,
            Input = ByteString.CopyFrom(await context.Contents.Where(c => c.JobId == schedule.ScheduleId).Select(c => c.Input).SingleAsync(cancellationToken)),
            UniqueKey = string.Create(CultureInfo.InvariantCulture, $"{schedule.ScheduleId}@{due.ToUnixTimeSeconds()}"),
        };
        try
        {
            var job = (await enqueue.AddAsync(context, request, new(schedule.Priority, null, schedule.Timeout, schedule.MaxAttempts), flowId: "", now, cancellationToken)).Job;
            (schedule.LastTime, schedule.LastJobId, schedule.Detail) = (due, job.JobId, "");
        }
        catch (StatusException)
        {
            // It was counted before it was refused.
            await context.UncountAsync(request.OwnerId, request.Input.Length, cancellationToken);
            schedule.Detail = $"The owner had as many jobs as an owner may have at {due.UtcDateTime:u}.";
        }
    }
}
