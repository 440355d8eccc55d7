using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Identity;

/// <summary>Appends to the audit log, in the transaction of what is told. Thread-safe.</summary>
internal sealed class AuditLog(Database<IdentityDbContext> database, TimeProvider time)
{
    private const int VerifyPage = 1_000;

    /// <summary>
    /// Appends a record that commits with the change that is being made. Where another transaction appends at the same time, one of the two is run
    /// again, so that records have an order: only within <see cref="Database{TContext}.WriteAsync"/>. Returns the record's number.
    /// </summary>
    public async Task<long> AppendAsync(IdentityDbContext context, string what, string? subject, string? actor, Origin origin, string detail, CancellationToken cancellationToken)
    {
        if (await context.AuditHeads.SingleOrDefaultAsync(cancellationToken) is not { } head)
            context.AuditHeads.Add(head = new AuditHead());
        var record = new AuditRecord
        {
            Sequence = head.Sequence + 1,
            Time = time.GetUtcNow().ToMicroseconds(),
            Event = what,
            Subject = subject,
            Actor = actor,
            Address = origin.Address,
            TraceId = origin.TraceId,
            Detail = detail.Length > AuditRecord.MaxDetail ? detail[..AuditRecord.MaxDetail] : detail,
        };
        record.Hash = record.ComputeHash(head.Hash);
        (head.Sequence, head.Hash) = (record.Sequence, record.Hash);
        context.AuditRecords.Add(record);
        return record.Sequence;
    }

    /// <summary>Appends a record of what has changed nothing else.</summary>
    public Task AppendAsync(string what, string? subject, string? actor, Origin origin, string detail, CancellationToken cancellationToken) => database.WriteAsync(async context =>
    {
        await AppendAsync(context, what, subject, actor, origin, detail, cancellationToken);
        return true;
    }, cancellationToken);

    /// <summary>The number of the first record that is missing or was changed; null when all are as they were written.</summary>
    public async Task<long?> VerifyAsync(CancellationToken cancellationToken)
    {
        var head = await database.ReadAsync(context => context.AuditHeads.SingleOrDefaultAsync(cancellationToken), cancellationToken) ?? new AuditHead();
        var (last, hash) = (0L, Array.Empty<byte>());
        while (last < head.Sequence)
        {
            var page = await database.ReadAsync(
                context => context.AuditRecords.Where(r => r.Sequence > last && r.Sequence <= head.Sequence).OrderBy(r => r.Sequence).Take(VerifyPage).ToListAsync(cancellationToken), cancellationToken);
            if (page.Count == 0)
                return last + 1;
            foreach (var record in page)
            {
                if (record.Sequence != last + 1 || !record.ComputeHash(hash).AsSpan().SequenceEqual(record.Hash))
                    return last + 1;
                (last, hash) = (record.Sequence, record.Hash);
            }
        }

        return hash.AsSpan().SequenceEqual(head.Hash) ? null : last;
    }
}
