using System.Threading.Channels;
using Microservices.EventLog;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>
/// Sends to one endpoint what is due, a few at a time, and records what came of it meanwhile, as much at a time as has come. What is under way at any time, and what is not recorded yet,
/// is all that another process would send again: it is bounded. The run ends when nothing is due, when the endpoint is to be left alone, or after a while, for others to have their turn;
/// what it has not recorded by then is committed with its end. Used once.
/// </summary>
internal sealed class SendingRun(
    DueWork work, Database<WebhooksDbContext> database, Endpoint endpoint, IReadOnlyList<byte[]> secrets, string epoch, MessageSender sender, DeliveryMetrics metrics,
    WebhooksOptions options, TimeProvider time)
{
    // What a run holds at a time, with the bodies.
    private const int MinPage = 16;
    private const int MaxPage = 128;
    private const int PageBytes = 256 << 10;
    private const int MaxMessages = 1_000;
    private const int MaxUnrecorded = 32;
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(5);

    private readonly Channel<SentMessage> ended = Channel.CreateUnbounded<SentMessage>(new() { SingleReader = true });
    private readonly EndpointHealth health = new(endpoint, options);
    private readonly HashSet<string> underWay = [];
    private readonly Queue<(Delivery Delivery, byte[] Body)> due = [];
    private readonly long began = time.GetTimestamp();
    private List<SentMessage> unrecorded = [];
    private int pageSize = MinPage;
    private bool foundAll;
    private bool isOver;
    private int begun;
    private int answered;
    private string cursor = "";

    /// <summary>By the database's clock, in Unix milliseconds.</summary>
    private long NowMs => work.TakenAtMs + (long)time.GetElapsedTime(began).TotalMilliseconds;

    // What another process may have under way by now is not sent: in a process that stood still, the rest of a page is old.
    private bool MayBegin => !isOver && work.IsLeased && health is { Pause: null, IsGone: false } && begun < MaxMessages && time.GetElapsedTime(began) < MaxTime;

    private bool HasRoom => underWay.Count - answered < health.Window && answered < MaxUnrecorded;

    // Those behind them in their keys, and those that waited for the endpoint to answer again, are found once it is recorded.
    private bool MayFindMore => unrecorded.Count > 0 && (endpoint.Ordered || health.Recovered);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Task<bool>? answer = null;
        Task<bool>? recording = null;
        Task? gathering = null;
        List<SentMessage> recorded = [];
        try
        {
            while (true)
            {
                while (HasRoom && MayBegin && await NextAsync(cancellationToken) is { } next)
                    Begin(next.Delivery, next.Body, cancellationToken);
                var hasMore = MayBegin && (!foundAll || due.Count > 0 || MayFindMore);
                if (recording is null && underWay.Count == answered && !hasMore)
                    return;
                if (recording is null && unrecorded.Count > 0 && !isOver)
                {
                    gathering ??= Task.Delay(Gather, time, CancellationToken.None);
                    if (gathering.IsCompleted || unrecorded.Count >= MaxUnrecorded / 2 || underWay.Count == answered)
                    {
                        (gathering, recorded, unrecorded) = (null, unrecorded, []);
                        recording = RecordAsync(recorded, cancellationToken);
                    }
                }

                if (underWay.Count > answered)
                    answer ??= ended.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
                await Task.WhenAny(((Task?[])[answer, recording, gathering]).OfType<Task>().DefaultIfEmpty(Task.CompletedTask));
                if (answer is { IsCompleted: true })
                {
                    await answer;
                    answer = null;
                    TakeAnswers();
                }

                if (recording is { IsCompleted: true })
                {
                    var done = await recording;
                    recording = null;
                    if (done)
                        Recorded(recorded);
                    else
                        unrecorded.InsertRange(0, recorded);
                    isOver |= !done;
                }
            }
        }
        finally
        {
            if (recording is not null)
                await ((Task)recording).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Commits what came of the last messages, what the run says of the endpoint, and when it is next to be looked after.</summary>
    public async Task EndAsync(WebhooksDbContext context, CancellationToken cancellationToken)
    {
        await RecordAsync(context, unrecorded, cancellationToken);
        // One that was deleted meanwhile has asked to be looked after again.
        if (await context.Endpoints.FirstOrDefaultAsync(e => e.EndpointId == endpoint.EndpointId, cancellationToken) is not { } now)
            return;
        now.PausedUntilMs = health.Pause is { } pause ? NowMs + (long)pause.TotalMilliseconds : 0;
        if (health.Record(now, Now()))
        {
            context.PublishDisabled(now, now.UpdateTime);
            context.AfterCommit(metrics.Disabled);
        }

        if (now.State != EndpointState.Enabled || await Sendable(context).MinAsync(d => (long?)d.NextAttemptMs, cancellationToken) is not { } next)
            return;
        context.AddDue(now.Sending(TimeSpan.FromMilliseconds(Math.Max(0, Math.Max(next, now.PausedUntilMs) - NowMs))));
    }

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
        {
            try
            {
                await ReadDueAsync(cancellationToken);
            }
            catch (DatabaseAwayException)
            {
                isOver = true;
            }
        }

        return due.TryDequeue(out var next) ? next : null;
    }

    private async Task ReadDueAsync(CancellationToken cancellationToken)
    {
        var nowMs = NowMs;
        // An endpoint that was changed or deleted meanwhile is not sent to as it was: the next run sends as it is now.
        var found = await database.ReadAsync(async context => await Sendable(context)
            .Where(d => d.NextAttemptMs <= nowMs && !underWay.Contains(d.DeliveryId) && context.Endpoints.Any(e => e.EndpointId == endpoint.EndpointId && e.Version == endpoint.Version))
            .OrderBy(d => d.NextAttemptMs).ThenBy(d => d.Offset).Take(pageSize)
            .Join(context.Messages, d => d.MessageId, m => m.MessageId, (d, m) => new { Delivery = d, m.Body, Oldest = context.Pending(endpoint.EndpointId).Min(p => p.Offset) })
            .ToListAsync(cancellationToken), cancellationToken);
        foreach (var row in found)
            due.Enqueue((row.Delivery, row.Body));
        foundAll = found.Count < pageSize;
        if (found.Count == 0)
            return;
        cursor = Cursor.At(DeliveryEvents.Topics.OfKey(endpoint.OwnerId), epoch, found[0].Oldest - 1).ToString();
        pageSize = Math.Clamp(PageBytes / Math.Max(1, found.Max(row => row.Body.Length)), MinPage, MaxPage);
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

    private void TakeAnswers()
    {
        var now = Now();
        while (ended.Reader.TryRead(out var sent))
        {
            health.Add(sent, now);
            if (!sent.WasSent)
            {
                underWay.Remove(sent.Delivery.DeliveryId);
                if (sent.Answer.Outcome == Egress.EgressOutcome.Busy)
                    health.AddBusy();
                continue;
            }

            answered++;
            unrecorded.Add(sent);
            metrics.Attempted(sent, now);
            if (!sent.Succeeded && DeliverySchedule.After(sent.Delivery.Attempts + 1) is null)
                metrics.GivenUp();
        }
    }

    private void Recorded(List<SentMessage> sent)
    {
        foreach (var one in sent)
            underWay.Remove(one.Delivery.DeliveryId);
        answered -= sent.Count;
        foundAll &= !endpoint.Ordered && !health.Recovered;
    }

    /// <summary>False while the database is away.</summary>
    private async Task<bool> RecordAsync(IReadOnlyList<SentMessage> sent, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(async context =>
            {
                await RecordAsync(context, sent, cancellationToken);
                return 0;
            }, cancellationToken);
            return true;
        }
        catch (DatabaseAwayException)
        {
            return false;
        }
    }

    private async Task RecordAsync(WebhooksDbContext context, IReadOnlyList<SentMessage> sent, CancellationToken cancellationToken)
    {
        if (sent.Count == 0)
            return;
        await context.RecordAsync(sent, Now(), NowMs, cancellationToken);
        if (health.Recovered)
            await context.DueNowAsync(endpoint.EndpointId, sent.Select(one => one.Delivery.DeliveryId).ToList(), cancellationToken);
    }
}
