using Google.Protobuf;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>Enqueues a job once for each idempotency key, or attaches to one that its owner has under the unique key.</summary>
internal sealed class EnqueueJob(Database<JobsDbContext> database, JobMetrics metrics, IOptions<JobsOptions> options, TimeProvider time)
{
    // As it is stored with every key: never to be changed.
    private const string Command = "EnqueueJob";

    /// <summary>What is enqueued before the process is ready and taken back (<see cref="Rehearsal{TContext}"/>).</summary>
    public static EnqueueJobRequest Rehearsed()
    {
        var id = Guid.NewGuid().ToString();
        return new() { OwnerId = id, Kind = "hash", Input = new HashInput { Text = id }.ToByteString(), UniqueKey = id, IdempotencyKey = id };
    }

    public async Task<EnqueueJobResponse> HandleAsync(EnqueueJobRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var violations = new FieldViolations();
        var terms = violations.CheckJob(request, now);
        violations.ThrowIfAny(JobsErrors.Domain);

        var withoutKey = new EnqueueJobRequest(request) { IdempotencyKey = "" };
        var (response, outcome) = await database.WriteOnceAsync(Command, rights.Caller, request.IdempotencyKey, withoutKey,
            context => AddAsync(context, request, terms, flowId: "", now, cancellationToken), now, cancellationToken);

        if (outcome == IdempotencyOutcome.KeyReused)
            throw new StatusException(JobsErrors.Domain.KeyReused());
        response.Replayed = outcome == IdempotencyOutcome.Replayed;
        return response;
    }

    /// <summary>Enqueues a job within a change, or attaches to one.</summary>
    /// <param name="context">The change.</param>
    /// <param name="request">The job, whose fields are checked.</param>
    /// <param name="terms">How it is to be done.</param>
    /// <param name="flowId">The flow that waits for it; empty for none.</param>
    /// <param name="now">When.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="StatusException">The owner has as many as an owner may have.</exception>
    public async Task<EnqueueJobResponse> AddAsync(JobsDbContext context, EnqueueJobRequest request, JobTerms terms, string flowId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Whoever enqueues for the same owner waits here until this is committed, and sees it then.
        var isTooMuch = await CountAsync(context, request.OwnerId, request.Input.Length, cancellationToken);
        if (request.UniqueKey.Length > 0 && await context.Jobs.AsNoTracking().FirstOrDefaultAsync(
                j => j.OwnerId == request.OwnerId && j.UniqueKey == request.UniqueKey && (j.State == JobState.Waiting || j.State == JobState.Running), cancellationToken) is { } there)
        {
            await context.UncountAsync(request.OwnerId, request.Input.Length, cancellationToken);
            return new EnqueueJobResponse { Job = there.ToMessage(), Attached = true };
        }

        if (isTooMuch)
            throw new StatusException(JobsErrors.TooMany(options.Value.MaxJobsPerOwner, options.Value.MaxInputBytesPerOwner));
        var nowMs = await context.ReadClockAsync(cancellationToken);
        var dueMs = Math.Max(nowMs, terms.Due?.ToUnixTimeMilliseconds() ?? nowMs);
        var job = context.Jobs.Add(new Job
        {
            JobId = Guid.CreateVersion7(now).ToString(),
            OwnerId = request.OwnerId,
            Partition = KeyedTopics.PartitionOf(request.OwnerId),
            Kind = request.Kind,
            UniqueKey = request.UniqueKey,
            FlowId = flowId,
            Priority = terms.Priority,
            MaxAttempts = terms.MaxAttempts,
            Timeout = terms.Timeout,
            InputBytes = request.Input.Length,
            CreateTime = now,
            Version = 0,
        }).Entity;
        job.Wait(dueMs, "");
        context.Contents.Add(new JobContent { JobId = job.JobId, Input = request.Input.ToByteArray() });
        context.Publish(JobEventKind.Enqueued, job, now);
        context.AfterCommit(() => metrics.Enqueued(job.Kind));
        foreach (var lane in Lane.AllOf(job.OwnerId, options.Value.MaxRunningPerOwner))
            context.AddDue(lane.Asked(TimeSpan.FromMilliseconds(dueMs - nowMs)));
        return new EnqueueJobResponse { Job = job.ToMessage() };
    }

    /// <summary>Counts one more; true when that is more than an owner may have.</summary>
    private async Task<bool> CountAsync(JobsDbContext context, string ownerId, int bytes, CancellationToken cancellationToken)
    {
        var (maxJobs, maxBytes) = (options.Value.MaxJobsPerOwner, options.Value.MaxInputBytesPerOwner);
        var owner = context.Owners.Where(o => o.OwnerId == ownerId);
        if (await owner.ExecuteUpdateAsync(s => s.SetProperty(o => o.Jobs, o => o.Jobs + 1).SetProperty(o => o.Bytes, o => o.Bytes + bytes), cancellationToken) > 0)
            return await owner.AnyAsync(o => o.Jobs > maxJobs || o.Bytes > maxBytes, cancellationToken);
        context.Owners.Add(new JobOwner { OwnerId = ownerId, Jobs = 1, Bytes = bytes });
        return false;
    }
}
