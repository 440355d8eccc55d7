using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Webhooks;

/// <summary>
/// Sends what waits for an endpoint. The due work is "look what there is for this endpoint": there is one row of it for each endpoint, so that one process
/// at a time sends to it, and knows how many are under way, what is next, and how far the endpoint has come.
/// </summary>
internal sealed class SendDeliveries(
    Database<WebhooksDbContext> database, OutboxHeads<WebhooksDbContext> heads, Secrets secrets, MessageSender sender, DeliveryMetrics metrics,
    IOptions<WebhooksOptions> options, TimeProvider time)
    : IDueHandler<WebhooksDbContext>
{
    /// <summary>The kinds of due work, as they are stored: for endpoints that answer, and for those that fail or take long.</summary>
    public const string Kind = "deliveries";

    public const string SlowKind = "slow-deliveries";

    private const int DeletedAtOnce = 1_000;

    public async Task<DueResult<WebhooksDbContext>> HandleAsync(DueWork work, CancellationToken cancellationToken)
    {
        var (endpoint, keys) = await database.ReadAsync(async context =>
        {
            var found = await context.Endpoints.FirstOrDefaultAsync(e => e.EndpointId == work.Id, cancellationToken);
            var signing = found is null ? [] : await Secrets.GoodAsync(context, [work.Id], time.GetUtcNow(), cancellationToken);
            return (found, signing);
        }, cancellationToken);

        if (endpoint is null)
            return DueResult.Done<WebhooksDbContext>(context => DeleteAsync(context, work, cancellationToken));
        if (endpoint.State != EndpointState.Enabled)
            return DueResult.Done<WebhooksDbContext>();
        var again = endpoint.Sending(TimeSpan.FromMilliseconds(Math.Max(0, endpoint.PausedUntilMs - work.TakenAtMs)));
        if (again.Kind != work.Kind || again.Delay > TimeSpan.Zero)
        {
            return DueResult.Done<WebhooksDbContext>(context =>
            {
                context.AddDue(again);
                return Task.CompletedTask;
            });
        }

        var epoch = (await heads.ReadAsync([DeliveryEvents.Topics.OfKey(endpoint.OwnerId)], cancellationToken))[0].Epoch;
        var run = new SendingRun(work, database, endpoint, [.. keys.Select(secrets.Open)], epoch, sender, metrics, options.Value, time);
        await run.RunAsync(cancellationToken);
        return DueResult.Done<WebhooksDbContext>(context => run.EndAsync(context, cancellationToken));
    }

    /// <summary>Of an endpoint that was deleted.</summary>
    private static async Task DeleteAsync(WebhooksDbContext context, DueWork work, CancellationToken cancellationToken)
    {
        var deleted = await context.DeleteAsync(context.Deliveries.Where(d => d.EndpointId == work.Id).OrderBy(d => d.Offset).Take(DeletedAtOnce), cancellationToken);
        if (deleted == DeletedAtOnce)
            context.AddDue(new NewDueWork(work.Kind, []) { Id = work.Id, AsksAgain = true });
    }
}
