using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>What came of attempts, as it is kept and told.</summary>
internal static class SentMessages
{
    /// <summary>Commits what came of attempts. One whose delivery was replayed, confirmed or deleted meanwhile is not what was sent, and changes nothing.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="sent">The attempts; each of another delivery.</param>
    /// <param name="now">By this process's clock.</param>
    /// <param name="nowMs">By the database's clock, in Unix milliseconds.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static async Task RecordAsync(this WebhooksDbContext context, IReadOnlyList<SentMessage> sent, DateTimeOffset now, long nowMs, CancellationToken cancellationToken)
    {
        var ids = sent.Select(one => one.Delivery.DeliveryId).ToList();
        var rounds = await context.Deliveries.Where(d => ids.Contains(d.DeliveryId)).Select(d => new { d.DeliveryId, d.Round }).ToDictionaryAsync(d => d.DeliveryId, d => d.Round, cancellationToken);
        var deliveries = new List<Delivery>(sent.Count);
        var attempts = new List<DeliveryAttempt>(sent.Count);
        foreach (var one in sent)
        {
            if (!rounds.TryGetValue(one.Delivery.DeliveryId, out var round) || round != one.Delivery.Round)
                continue;
            // This may run again.
            var delivery = one.Delivery.Copy();
            delivery.Attempts++;
            (delivery.LastStatus, delivery.LastError) = (one.Answer.Status ?? 0, one.Error);
            if (one.Succeeded || DeliverySchedule.After(delivery.Attempts) is not { } wait)
            {
                delivery.End(one.Succeeded ? DeliveryState.Delivered : DeliveryState.Failed, now);
            }
            else
            {
                delivery.Round++;
                delivery.NextAttemptMs = nowMs + (long)wait.TotalMilliseconds;
            }

            deliveries.Add(delivery);
            attempts.Add(new DeliveryAttempt
            {
                DeliveryId = delivery.DeliveryId,
                Round = delivery.Round,
                Time = one.Time,
                Duration = one.Answer.Elapsed,
                Status = delivery.LastStatus,
                Error = delivery.LastError,
                ResponseBody = one.BodyText,
            });
            if (delivery.Round > DeliveryAttempt.MaxKept)
                await context.DeliveryAttempts.Where(a => a.DeliveryId == delivery.DeliveryId && a.Round <= delivery.Round - DeliveryAttempt.MaxKept).ExecuteDeleteAsync(cancellationToken);
            context.Publish(delivery.State switch { DeliveryState.Delivered => DeliveryEventKind.Delivered, DeliveryState.Failed => DeliveryEventKind.Failed, _ => DeliveryEventKind.Attempted }, delivery, now);
        }

        // Mostly one: the first attempts of an endpoint that answers.
        foreach (var same in deliveries.GroupBy(d => (d.State, d.Attempts, d.NextAttemptMs, d.LastStatus, d.LastError, d.EndTime, d.Round)))
            await UpdateAsync(context, [.. same], cancellationToken);
        await context.InsertManyAsync(attempts, cancellationToken);
    }

    private static async Task UpdateAsync(WebhooksDbContext context, IReadOnlyList<Delivery> same, CancellationToken cancellationToken)
    {
        var (ids, now) = (same.Select(d => d.DeliveryId).ToList(), same[0]);
        var updated = await context.Deliveries.Where(d => ids.Contains(d.DeliveryId) && d.Round == now.Round - 1).ExecuteUpdateAsync(
            s => s.SetProperty(d => d.State, now.State).SetProperty(d => d.Attempts, now.Attempts).SetProperty(d => d.NextAttemptMs, now.NextAttemptMs)
                .SetProperty(d => d.LastStatus, now.LastStatus).SetProperty(d => d.LastError, now.LastError).SetProperty(d => d.EndTime, now.EndTime).SetProperty(d => d.Round, now.Round),
            cancellationToken);
        if (updated != ids.Count)
            throw new DbUpdateConcurrencyException("A delivery was changed meanwhile.");
    }
}
