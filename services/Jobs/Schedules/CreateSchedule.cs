using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>Makes a schedule once for each idempotency key.</summary>
internal sealed class CreateSchedule(Database<JobsDbContext> database, IOptions<JobsOptions> options, TimeProvider time)
{
    // As it is stored with every key: never to be changed.
    private const string Command = "CreateSchedule";

    public async Task<CreateScheduleResponse> HandleAsync(CreateScheduleRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var violations = new FieldViolations();
        var terms = violations.CheckSchedule(request, now);
        violations.ThrowIfAny(JobsErrors.Domain);

        var withoutKey = new CreateScheduleRequest(request) { IdempotencyKey = "" };
        var (response, outcome) = await database.WriteOnceAsync(Command, rights.Caller, request.IdempotencyKey, withoutKey,
            context => CreateAsync(context, request, terms, now, cancellationToken), now, cancellationToken);

        if (outcome == IdempotencyOutcome.KeyReused)
            throw new StatusException(JobsErrors.Domain.KeyReused());
        response.Replayed = outcome == IdempotencyOutcome.Replayed;
        return response;
    }

    private async Task<CreateScheduleResponse> CreateAsync(JobsDbContext context, CreateScheduleRequest request, JobTerms terms, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Whoever makes one for the same owner waits here until this is committed.
        var owner = context.Owners.Where(o => o.OwnerId == request.OwnerId);
        if (await owner.ExecuteUpdateAsync(s => s.SetProperty(o => o.Schedules, o => o.Schedules + 1), cancellationToken) == 0)
            context.Owners.Add(new JobOwner { OwnerId = request.OwnerId, Schedules = 1 });
        else if (await owner.AnyAsync(o => o.Schedules > options.Value.MaxSchedulesPerOwner, cancellationToken))
            throw new StatusException(JobsErrors.TooManySchedules(options.Value.MaxSchedulesPerOwner));
        var schedule = context.Schedules.Add(new Schedule
        {
            ScheduleId = Guid.CreateVersion7(now).ToString(),
            OwnerId = request.OwnerId,
            Cron = request.Cron,
            TimeZone = ScheduleValidation.TimeZoneOf(request),
            Kind = request.Kind,
            Priority = terms.Priority,
            Timeout = terms.Timeout,
            MaxAttempts = terms.MaxAttempts,
            CreateTime = now,
            Version = 0,
        }).Entity;
        context.Contents.Add(new JobContent { JobId = schedule.ScheduleId, Input = request.Input.ToByteArray() });
        if (schedule.GoOn(DateTimeOffset.FromUnixTimeMilliseconds(await context.ReadClockAsync(cancellationToken))) is { } due)
            context.AddDue(due);
        return new CreateScheduleResponse { Schedule = schedule.ToMessage() };
    }
}
