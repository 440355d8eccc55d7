using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Hosting.Admission;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// Puts an overview together. All parts are asked at the same time, so that the answer takes as long as the slowest of them; the
/// first required part that fails cancels the others; what is left of the caller's deadline, less a margin, is every part's
/// deadline, so that a slow optional part leaves an answer without it, or with an earlier one, and not none. Knows no transport. Thread-safe.
/// </summary>
internal sealed partial class OverviewAggregator(
    IOverviewSources sources,
    ResponseCache<User> users,
    ResponseCache<LatestOrders> orders,
    OverviewMetrics metrics,
    TimeProvider time,
    ILogger<OverviewAggregator> logger)
{
    // What the gateway keeps for itself, to answer before the caller gives up: a tenth of what is left, up to this.
    private static readonly TimeSpan MaxMargin = TimeSpan.FromMilliseconds(250);

    /// <summary>Answers by the deadline (UTC), whatever the parts do; at once where all of them are known to be current.</summary>
    /// <exception cref="OperationCanceledException">The caller is gone.</exception>
    public ValueTask<OverviewResult> GetAsync(OverviewQuery query, Asker asker, DateTime deadline, CancellationToken caller)
    {
        var user = FromCache("user", OverviewParts.User, users, query, asker, limit: 0, query.UserETag);
        var latest = FromCache("orders", OverviewParts.Orders, orders, query, asker, query.OrderLimit, query.OrdersETag);
        return user is { } userPart && latest is { } ordersPart
            ? ValueTask.FromResult(Counted(new OverviewResult(query.UserId, userPart, ordersPart, null)))
            : AskAsync(query, asker, user, latest, deadline, caller);
    }

    /// <summary>
    /// Answers several at once, in their order; what is asked for them travels together. What comes when there is no more room for it in the
    /// answer is let go at once, and the rest not waited for: those overviews are failures that say so.
    /// </summary>
    /// <param name="queries">What of.</param>
    /// <param name="asker">Who asks.</param>
    /// <param name="hold">Where the answer takes its room, in bytes as the services sent it.</param>
    /// <param name="maxBytes">How much the answer may be.</param>
    /// <param name="deadline">Until when (UTC).</param>
    /// <param name="caller">Cancelled when the caller is gone.</param>
    /// <exception cref="OperationCanceledException">The caller is gone.</exception>
    public async Task<OverviewResult[]> GetAllAsync(IReadOnlyList<OverviewQuery> queries, Asker asker, QuotaHold hold, int maxBytes, DateTime deadline, CancellationToken caller)
    {
        using var room = new Room(hold, maxBytes, caller);
        var overviews = new Task<OverviewResult>[queries.Count];
        sources.Together(() =>
        {
            for (var i = 0; i < overviews.Length; i++)
                overviews[i] = room.TakeAsync(queries[i].UserId, GetAsync(queries[i], asker, deadline, room.Token));
        });
        return await Task.WhenAll(overviews);
    }

    private async ValueTask<OverviewResult> AskAsync(
        OverviewQuery query, Asker asker, Part<User>? user, Part<LatestOrders>? latest, DateTime deadline, CancellationToken caller)
    {
        using var parts = new PartsInFlight(PartDeadline(deadline), caller);
        var userPart = user is { } cachedUser ? Task.FromResult(cachedUser) : GetUserAsync(query, asker, parts);
        var ordersPart = latest is { } cachedOrders ? Task.FromResult(cachedOrders) : GetOrdersAsync(query, asker, parts);
        await Task.WhenAll(userPart, ordersPart);

        caller.ThrowIfCancellationRequested();
        return Counted(new OverviewResult(query.UserId, await userPart, await ordersPart, parts.Failure));
    }

    // A part that is not wanted, or is current in the cache, for those who may see it; null: it has to be asked for.
    private Part<T>? FromCache<T>(string name, OverviewParts part, ResponseCache<T> cache, OverviewQuery query, Asker asker, int limit, ulong wanted)
        where T : class
    {
        if (!query.Parts.HasFlag(part))
            return default(Part<T>);
        if (query.NoCache || !asker.MaySee(query.UserId) || cache.FindCurrent(query.UserId, limit) is not { } answer || (wanted != 0 && answer.ETag != wanted))
            return null;
        metrics.Cached(name);
        return Part<T>.Of(answer);
    }

    private async Task<Part<User>> GetUserAsync(OverviewQuery query, Asker asker, PartsInFlight parts)
    {
        var (question, askedFrom) = Question(users, query, asker, limit: 0, query.UserETag, parts);
        var user = await FetchAsync("user", required: true, parts, () => sources.GetUserAsync(query.UserId, question, parts.Token));
        if (user.Answer is { } current)
            users.Keep(query.UserId, 0, current, askedFrom);
        return user;
    }

    private async Task<Part<LatestOrders>> GetOrdersAsync(OverviewQuery query, Asker asker, PartsInFlight parts)
    {
        var (question, askedFrom) = Question(orders, query, asker, query.OrderLimit, query.OrdersETag, parts);
        var latest = await FetchAsync("orders", required: query.Strict, parts,
            () => sources.GetOrdersAsync(query.UserId, query.OrderLimit, question, parts.Token));
        if (latest.Answer is { } current)
            orders.Keep(query.UserId, query.OrderLimit, current, askedFrom);
        else if (!query.Strict && asker.MaySee(query.UserId) && (StatusCode)latest.Error!.Code is StatusCode.Unavailable or StatusCode.DeadlineExceeded
            && orders.FindStale(query.UserId, query.OrderLimit, query.MaxStale) is var (earlier, age))
            return Part<LatestOrders>.Stale(earlier, age, latest.Error!);
        return latest;
    }

    // A caller that must see its own write joins no request that may have been sent before it.
    private (PartQuestion<T> Question, long AskedFrom) Question<T>(ResponseCache<T> cache, OverviewQuery query, Asker asker, int limit, ulong wanted, PartsInFlight parts)
        where T : class
    {
        var askedFrom = cache.AskedFrom(query.UserId);
        var notBefore = query.NoCache || wanted != 0 ? time.GetTimestamp() : askedFrom;
        return (new PartQuestion<T>(asker, cache.Find(query.UserId, limit), notBefore, parts.Deadline), askedFrom);
    }

    private async Task<Part<T>> FetchAsync<T>(string name, bool required, PartsInFlight parts, Func<Task<Answer<T>>> fetch)
        where T : class
    {
        try
        {
            return Part<T>.Of(await fetch());
        }
        catch (Exception exception)
        {
            var error = GatewayErrors.ToStatus(exception);
            // What is wrong with the request is no failure of the part; nor is it one to be cancelled, when another failed or the
            // caller left.
            if (!parts.Token.IsCancellationRequested && !GatewayErrors.IsAboutTheRequest((StatusCode)error.Code))
                LogFailed(name, required, (StatusCode)error.Code, exception.Message);
            if (required)
                parts.Fail(error);
            return Part<T>.Failed(error);
        }
    }

    private OverviewResult Counted(OverviewResult result)
    {
        Count("user", result.User);
        Count("orders", result.Orders);
        return result;
    }

    // What is wrong with the request is no failure of the part, nor is it one to be cancelled with its overview.
    private void Count<T>(string name, Part<T> part)
        where T : class
    {
        var code = (StatusCode)(part.Error?.Code ?? 0);
        if (part.IsAsked && code != StatusCode.Cancelled && !GatewayErrors.IsAboutTheRequest(code))
            metrics.Answered(name, part.Status);
    }

    private DateTime PartDeadline(DateTime deadline)
    {
        var left = deadline - time.GetUtcNow().UtcDateTime;
        var margin = left / 10;
        return deadline - (margin < MaxMargin ? margin : MaxMargin);
    }

    [LoggerMessage(LogLevel.Warning, "Part {Part} of an overview (required: {Required}) failed with {Code}: {Cause}")]
    private partial void LogFailed(string part, bool required, StatusCode code, string cause);

    /// <summary>The room that the overviews of one answer share: the first that finds none ends those that are not there yet.</summary>
    private sealed class Room(QuotaHold hold, int maxBytes, CancellationToken caller) : IDisposable
    {
        private readonly CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(caller);
        private Status? full;
        private long bytes;

        public CancellationToken Token => source.Token;

        public async Task<OverviewResult> TakeAsync(string userId, ValueTask<OverviewResult> getting)
        {
            try
            {
                var overview = await getting;
                if (overview.Bytes == 0)
                    return overview;
                if (Volatile.Read(ref full) is null)
                {
                    var fits = Interlocked.Add(ref bytes, overview.Bytes) <= maxBytes;
                    if (fits && hold.TryTake(overview.Bytes))
                        return overview;
                    Interlocked.CompareExchange(ref full, fits ? GatewayErrors.TooMuchUnread() : GatewayErrors.AnswerTooLarge(), null);
                    await source.CancelAsync();
                }

                return new OverviewResult(userId, default, default, full);
            }
            catch (OperationCanceledException) when (full is not null && !caller.IsCancellationRequested)
            {
                return new OverviewResult(userId, default, default, full);
            }
        }

        public void Dispose() => source.Dispose();
    }

    /// <summary>What the parts of one overview share: a deadline, and an end at the first failure of a required one.</summary>
    private sealed class PartsInFlight(DateTime deadline, CancellationToken caller) : IDisposable
    {
        private readonly CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(caller);
        private Status? failure;

        public DateTime Deadline => deadline;

        public CancellationToken Token => source.Token;

        public Status? Failure => failure;

        public void Fail(Status error)
        {
            // The first decides: those after it may have failed only because it cancelled them.
            if (Interlocked.CompareExchange(ref failure, error, null) is null)
                source.Cancel();
        }

        public void Dispose() => source.Dispose();
    }
}
