using System.Threading.Channels;
using Microservices.EventLog;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>
/// Sends to one endpoint what is due, a few at a time, and records what came of it as it comes: what is under way at any time is all that another process
/// would send again. It ends when nothing is due, when the endpoint is to be left alone, or after a while, for others to have their turn. Used once.
/// </summary>
internal sealed class SendingRun(
    DueWork work, Database<WebhooksDbContext> database, Endpoint endpoint, IReadOnlyList<byte[]> secrets, string epoch, long beganMs, MessageSender sender, DeliveryMetrics metrics,
    WebhooksOptions options, TimeProvider time)
{
    // With their bodies: what a run holds.
    private const int PageSize = 16;
    private const int MaxMessages = 1_000;
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(5);

    private readonly Channel<SentMessage> ended = Channel.CreateUnbounded<SentMessage>(new() { SingleReader = true });
    private readonly EndpointHealth health = new(endpoint, options);
    private readonly HashSet<string> underWay = [];
    private readonly Queue<(Delivery Delivery, byte[] Body)> due = [];
    private readonly long began = time.GetTimestamp();
    private bool foundAll;
    private int begun;
    private string cursor = "";

    /// <summary>By the database's clock, in Unix milliseconds.</summary>
    private long NowMs => beganMs + (long)time.GetElapsedTime(began).TotalMilliseconds;

    // What another process may have under way by now is not sent: in a process that stood still, the rest of a page is old.
    private bool MayBegin => work.IsLeased && !ended.Reader.Completion.IsCompleted && health is { Pause: null, IsGone: false } && begun < MaxMessages && time.GetElapsedTime(began) < MaxTime;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            while (underWay.Count < health.Window && MayBegin && await NextAsync(cancellationToken) is { } next)
                Begin(next.Delivery, next.Body, cancellationToken);
            if (underWay.Count == 0)
                return;
            await ended.Reader.WaitToReadAsync(CancellationToken.None);
            var sent = new List<SentMessage>();
            while (ended.Reader.TryRead(out var one))
                sent.Add(one);
            await EndAsync(sent, cancellationToken);
        }
    }

    /// <summary>Commits what the run says of the endpoint, and when it is next to be looked after.</summary>
    public async Task EndAsync(WebhooksDbContext context, CancellationToken cancellationToken)
    {
        // One that was deleted meanwhile has asked to be looked after again.
        if (await context.Endpoints.FirstOrDefaultAsync(e => e.EndpointId == endpoint.EndpointId, cancellationToken) is not { } now)
            return;
        (now.Failures, now.FailingSince, now.Slow) = (health.Failures, health.FailingSince, health.Slow);
        now.PausedUntilMs = health.Pause is { } pause ? NowMs + (long)pause.TotalMilliseconds : 0;
        if (now.State == EndpointState.Enabled)
            DisableIfItMust(context, now);
        if (now.State != EndpointState.Enabled || await NextAttemptAsync(context, cancellationToken) is not { } next)
            return;
        context.AddDue(now.Sending(TimeSpan.FromMilliseconds(Math.Max(0, Math.Max(next, now.PausedUntilMs) - NowMs))));
    }

    private void DisableIfItMust(WebhooksDbContext context, Endpoint now)
    {
        var time = Now();
        if (health.IsGone)
            (now.State, now.StateReason) = (EndpointState.Gone, "It has answered 410.");
        else if (health.HasFailedForLong(time))
            (now.State, now.StateReason) = (EndpointState.Failed, $"Every attempt since {now.FailingSince:u} has failed.");
        else
            return;
        now.UpdateTime = time;
        context.PublishDisabled(now, time);
        metrics.Disabled();
    }

    private Task<long?> NextAttemptAsync(WebhooksDbContext context, CancellationToken cancellationToken) =>
        Sendable(context).MinAsync(d => (long?)d.NextAttemptMs, cancellationToken);

    /// <summary>What is pending, and does not wait for another of its key.</summary>
    private IQueryable<Delivery> Sendable(WebhooksDbContext context)
    {
        var pending = context.Pending(endpoint.EndpointId);
        return endpoint.Ordered ? pending.Where(d => !pending.Any(before => before.Key == d.Key && before.Offset < d.Offset)) : pending;
    }

    private DateTimeOffset Now() => time.GetUtcNow().ToMicroseconds();

    private async Task<(Delivery Delivery, byte[] Body)?> NextAsync(CancellationToken cancellationToken)
    {
        if (due.Count == 0 && !foundAll)
            await ReadDueAsync(cancellationToken);
        return due.TryDequeue(out var next) ? next : null;
    }

    private async Task ReadDueAsync(CancellationToken cancellationToken)
    {
        var nowMs = NowMs;
        var (found, oldest) = await database.ReadAsync(async context =>
        {
            // One that was changed or deleted meanwhile is not sent to as it was: the next run sends as it is now.
            var unchanged = context.Endpoints.Where(e => e.EndpointId == endpoint.EndpointId && e.Version == endpoint.Version);
            var page = await Sendable(context)
                .Where(d => d.NextAttemptMs <= nowMs && !underWay.Contains(d.DeliveryId) && unchanged.Any())
                .OrderBy(d => d.NextAttemptMs).ThenBy(d => d.Offset).Take(PageSize)
                .Join(context.Messages, d => d.MessageId, m => m.MessageId, (d, m) => new { Delivery = d, m.Body })
                .ToListAsync(cancellationToken);
            return (page, page.Count == 0 ? 0 : await context.Pending(endpoint.EndpointId).MinAsync(d => d.Offset, cancellationToken));
        }, cancellationToken);
        foreach (var row in found)
            due.Enqueue((row.Delivery, row.Body));
        foundAll = found.Count < PageSize;
        if (found.Count > 0)
            cursor = Cursor.At(DeliveryEvents.Topics.OfKey(endpoint.OwnerId), epoch, oldest - 1).ToString();
    }

    private void Begin(Delivery delivery, byte[] body, CancellationToken cancellationToken)
    {
        begun++;
        underWay.Add(delivery.DeliveryId);
        _ = SendAsync(delivery, body, cancellationToken);
    }

    private async Task SendAsync(Delivery delivery, byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            ended.Writer.TryWrite(await sender.SendAsync(endpoint, delivery, body, secrets, cursor, cancellationToken));
        }
        catch (Exception exception)
        {
            // Whatever it is: the run ends with it, and is begun again after a while.
            ended.Writer.TryComplete(exception);
        }
    }

    private async Task EndAsync(List<SentMessage> sent, CancellationToken cancellationToken)
    {
        var now = Now();
        foreach (var one in sent)
        {
            health.Add(one, now);
            if (one.Answer.Outcome == Egress.EgressOutcome.Busy)
                health.AddBusy();
        }

        await RecordAsync([.. sent.Where(s => s.WasSent)], now, cancellationToken);
        foreach (var one in sent)
            underWay.Remove(one.Delivery.DeliveryId);
        // Those behind them in their keys are next.
        foundAll &= !endpoint.Ordered;
    }

    private async Task RecordAsync(IReadOnlyList<SentMessage> sent, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (sent.Count == 0)
            return;
        var ids = sent.Select(s => s.Delivery.DeliveryId).ToList();
        var givenUp = await database.WriteAsync(async context =>
        {
            var rows = await context.Deliveries.Where(d => ids.Contains(d.DeliveryId)).ToDictionaryAsync(d => d.DeliveryId, cancellationToken);
            foreach (var one in sent)
            {
                // One that was replayed, confirmed or deleted meanwhile is not what was sent.
                if (rows.TryGetValue(one.Delivery.DeliveryId, out var row) && row.Round == one.Delivery.Round)
                    await RecordAsync(context, row, one, now, cancellationToken);
            }

            if (health.Recovered)
                await context.DueNowAsync(endpoint.EndpointId, ids, cancellationToken);
            return rows.Values.Count(row => row.State == DeliveryState.Failed);
        }, cancellationToken);
        foundAll &= !health.Recovered;
        foreach (var one in sent)
            metrics.Attempted(one, now);
        for (var i = 0; i < givenUp; i++)
            metrics.GivenUp();
    }

    private async Task RecordAsync(WebhooksDbContext context, Delivery delivery, SentMessage sent, DateTimeOffset now, CancellationToken cancellationToken)
    {
        delivery.Attempts++;
        (delivery.LastStatus, delivery.LastError) = (sent.Answer.Status ?? 0, sent.Error);
        if (sent.Succeeded || DeliverySchedule.After(delivery.Attempts) is not { } wait)
        {
            delivery.End(sent.Succeeded ? DeliveryState.Delivered : DeliveryState.Failed, now);
        }
        else
        {
            delivery.Round++;
            delivery.NextAttemptMs = NowMs + (long)wait.TotalMilliseconds;
        }

        context.Add(new DeliveryAttempt
        {
            DeliveryId = delivery.DeliveryId,
            Round = delivery.Round,
            Time = sent.Time,
            Duration = sent.Answer.Elapsed,
            Status = delivery.LastStatus,
            Error = delivery.LastError,
            ResponseBody = sent.BodyText,
        });
        if (delivery.Round > DeliveryAttempt.MaxKept)
            await context.DeliveryAttempts.Where(a => a.DeliveryId == delivery.DeliveryId && a.Round <= delivery.Round - DeliveryAttempt.MaxKept).ExecuteDeleteAsync(cancellationToken);
        var kind = delivery.State switch { DeliveryState.Delivered => DeliveryEventKind.Delivered, DeliveryState.Failed => DeliveryEventKind.Failed, _ => DeliveryEventKind.Attempted };
        context.Publish(kind, delivery, now);
    }
}
