using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Hosting;
using Microservices.Identity.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Identity;

/// <summary>
/// Says which tokens are revoked, from the database and nothing else: each stream reads on from where it is, by a query of one row's cost when there is nothing new. Rows commit in the
/// order of their numbers, so that none appears behind that place. Thread-safe.
/// </summary>
internal sealed class WatchRevocations(Database<IdentityDbContext> database, Drain drain, TimeProvider time)
{
    private const int PageSize = 1_000;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(1);

    /// <summary>Serves one stream until the caller is gone, or the process is about to stop.</summary>
    public async Task HandleAsync(IServerStreamWriter<WatchRevocationsResponse> responses, ServerCallContext call)
    {
        // Its queries are nobody's spans.
        Activity.Current = null;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, drain.Token);
        var (place, said) = (0L, 0L);
        while (!over.IsCancellationRequested)
        {
            var page = await ReadAsync(place, call.CancellationToken);
            var more = page.Count == PageSize;
            if (page.Count > 0 || said == 0 || time.GetElapsedTime(said) >= SignOfLife)
            {
                await responses.WriteAsync(new WatchRevocationsResponse { Revocations = { page.Select(ToMessage) }, More = more }, call.CancellationToken);
                said = time.GetTimestamp();
            }

            if (page.Count > 0)
                place = page[^1].Sequence;
            if (!more)
                await Task.Delay(Period, time, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Task<List<Revocation>> ReadAsync(long after, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.ReadAsync(
            context => context.Revocations.AsNoTracking().Where(r => r.Sequence > after && r.ExpireTime > now).OrderBy(r => r.Sequence).Take(PageSize).ToListAsync(cancellationToken), cancellationToken);
    }

    private static V1.Revocation ToMessage(Revocation revocation) => new()
    {
        UserId = revocation.UserId,
        SessionId = revocation.SessionId,
        NotBefore = revocation.NotBefore.ToTimestamp(),
        ExpireTime = revocation.ExpireTime.ToTimestamp(),
    };
}
