using System.Globalization;
using Microservices.Gateway.Errors;
using Microservices.Gateway.OpenApi;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Rest;

/// <summary>The overview over REST.</summary>
internal static class OverviewRoutes
{
    public static void MapOverviews(this WebApplication app)
    {
        app.MapGet("/v1/users/{userId}/overview", GetAsync)
            .StandsFor(GatewayService.Descriptor, "GetOverview")
            .Describe("getOverview", "Overview", "Get a user with the latest orders", """
                User and orders are fetched at the same time. The user is required: when it cannot be had, that is the answer. The orders are
                optional: when they cannot be had, the answer is a partial result, with status 200, `complete: false`, the reason in place of
                the orders, and `Cache-Control: no-store`. With `strict=true` every part is required. With `Cache-Control: stale-if-error=60`
                in the request, orders that are unavailable or late may be those of an earlier answer, up to 60 s old: status `stale`, and a
                header `Age`. A part that the gateway knows to have been current within the last second is given without asking its service;
                with `Cache-Control: no-cache` every part is asked for. What you wrote through another gateway shows at once if you send the
                header `Position` that your write was answered with.
                """)
            .UserId()
            .Query("fields", JsonSchemas.Text, "Which parts, separated by commas: `user`, `orders`. Both when absent. A part that is not named is not fetched.", "user,orders")
            .Query("strict", JsonSchemas.Flag, "Makes every part required: if one fails, the whole request fails.", "false")
            .Query("orderLimit", JsonSchemas.Number, "How many of the latest orders at most: 10 when absent or 0; more than 100 counts as 100.", "10")
            .Header("Cache-Control", "`no-cache`: ask the services in any case. `stale-if-error=SECONDS`: how old the orders may be that are given in place of an error, at most 60 (RFC 5861).", "stale-if-error=60")
            .Header(RequestValues.Position, "The values of this header in the answers to your last write of the user and of one of the user's orders, separated by a comma: the overview is no older than these.", "orders=00c5f1c0a1b2c3d4")
            .Answers<Overview>(200, "The overview, whole or partial. The header Age, in seconds, says that a part of it is stale.",
                ("complete", Examples.Overview), ("partial", Examples.PartialOverview), ("stale", Examples.StaleOverview))
            .AnswersHeader(200, "Age", JsonSchemas.Number, "How old the oldest part is, in seconds; only when one is stale.", "7")
            .Fails(400, 404);
        app.MapPost("/v1/overviews:batchGet", BatchGetAsync)
            .StandsFor(GatewayService.Descriptor, "LookupOverviews")
            .Describe("batchGetOverviews", "Overview", "Get the overviews of up to 100 users", """
                Each is what getOverview would answer, or the problem that it would fail with; one that fails does not disturb the others. All are
                fetched at the same time, in one call to each service, not in one for each user. The answer is bounded (4 MiB, as the services
                send it): an overview that it has no room for is a problem of the type `answer-too-large`. Ask for it again, or for fewer orders.
                """)
            .Header("Cache-Control", "As in getOverview.", "stale-if-error=60")
            .Header(RequestValues.Position, "As in getOverview.", "orders=00c5f1c0a1b2c3d4")
            .Body<BatchGetOverviews>(Examples.BatchGetOverviews)
            .Answers<OverviewBatch>(200, "An overview or a problem for each user, in the order of the ids.", Examples.OverviewBatch)
            .Fails(400, 413, 415);
    }

    private static async Task<IResult> GetAsync(string userId, HttpContext http, OverviewAggregator overviews)
    {
        var request = new GetOverviewRequest { UserId = userId, Strict = http.QueryFlag("strict"), OrderLimit = http.QueryNumber("orderLimit") };
        var query = WithHeaders(OverviewQuery.From(request) with { Parts = Parts(http.QueryText("fields")?.Split(',')) }, http);
        var overview = await overviews.GetAsync(query, Asker.Of(http), http.Deadline(), http.RequestAborted);
        if (overview.Failure is { } failure)
            return new ProblemResult(failure);

        if (overview.Complete)
        {
            ReaderPace.Hold(http, overview.Bytes);
            return new WholeOverview(overview);
        }

        http.Response.Headers.CacheControl = "no-store";
        if (overview.AgeSeconds is { } age)
            http.Response.Headers.Age = age.ToString(CultureInfo.InvariantCulture);
        return ReaderPace.Json(http, overview.ToJson(), GatewayJson.Default.Overview, overview.Bytes);
    }

    private static async Task<IResult> BatchGetAsync(HttpContext http, OverviewAggregator overviews, IRequestLimits limits, AnswerBudget budget, IOptions<GatewayOptions> options)
    {
        const int MaxIds = 100;
        var deadline = http.Deadline();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.BatchGetOverviews);
        var errors = new RequestErrors();
        var userIds = errors.Required("userIds", body.UserIds, []);
        if (body.UserIds is { Count: 0 or > MaxIds })
            errors.Add("userIds", $"must be 1 to {MaxIds}");
        var named = new HashSet<string>();
        for (var i = 0; i < userIds.Count && i < MaxIds; i++)
        {
            if (userIds[i] is not { } userId)
                errors.Add($"userIds[{i}]", "must be a string");
            else if (!named.Add(userId))
                errors.Add($"userIds[{i}]", "is there already: each user once");
        }

        errors.ThrowIfAny();
        // The first one has come with the request.
        if (await limits.RefusalAsync(http, (Principal)http.User, userIds.Count - 1) is { } refusal)
            return new ProblemResult(refusal);
        var request = new GetOverviewRequest { Strict = body.Strict ?? false, OrderLimit = body.OrderLimit ?? 0 };
        var any = WithHeaders(OverviewQuery.From(request) with { Parts = Parts(body.Fields) }, http);
        var rights = http.Rights();
        var hold = budget.Begin(http);
        http.Response.RegisterForDispose(hold);
        var found = await overviews.GetAllAsync([.. userIds.Where(userId => rights.Include(userId!)).Select(userId => any with { UserId = userId! })], Asker.Of(http), hold, options.Value.MaxBatchBytes, deadline, http.RequestAborted);
        if (!found.All(overview => overview.Failure is null && overview.Complete))
            http.Response.Headers.CacheControl = "no-store";
        // In the order of the ids: what is another user's is refused alone.
        var allowed = new Queue<OverviewResult>(found);
        return new BatchAnswer([.. userIds.Select(userId => rights.Include(userId!) ? allowed.Dequeue() : new OverviewResult(userId!, default, default, Rights.NotYours))], hold);
    }

    private static OverviewQuery WithHeaders(OverviewQuery query, HttpContext http)
    {
        var (user, orders) = http.ReadPosition();
        return query with { MaxStale = http.StaleIfError(), NoCache = http.NoCache(), UserETag = user, OrdersETag = orders };
    }

    private static OverviewParts Parts(IEnumerable<string?>? names) => names is null
        ? OverviewParts.All
        : OverviewQuery.PartsOf(names) is { } parts and not OverviewParts.None ? parts : throw new InvalidRequestException("fields", OverviewQuery.PartsExpected);

    // A failure is an expected answer here: it takes no exception to give it.
    private sealed class ProblemResult(Google.Rpc.Status failure) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => ProblemMiddleware.WriteAsync(httpContext, failure);
    }
}
