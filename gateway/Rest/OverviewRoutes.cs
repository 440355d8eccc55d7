using Microservices.Gateway.Errors;
using Microservices.Gateway.OpenApi;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;

namespace Microservices.Gateway.Rest;

/// <summary>The overview over REST.</summary>
internal static class OverviewRoutes
{
    public static void MapOverview(this WebApplication app) =>
        app.MapGet("/v1/users/{userId}/overview", GetAsync)
            .Describe("getOverview", "Overview", "Get a user with the latest orders", """
                User and orders are fetched at the same time. The user is required: when it cannot be had, that is the answer. The orders are
                optional: when they cannot be had, the answer is a partial result, with status 200, `complete: false`, the reason in place of
                the orders, and `Cache-Control: no-store`. With `strict=true` every part is required.
                """)
            .UserId()
            .Query("strict", JsonSchemas.Flag, "Makes every part required: the first that fails fails the whole.", "false")
            .Query("orderLimit", JsonSchemas.Number, "How many of the latest orders at the most: 10 when absent or 0; more than 100 is taken as 100.", "10")
            .Answers<Overview>(200, "The overview, whole or partial.", ("complete", Examples.Overview), ("partial", Examples.PartialOverview))
            .Fails(400, 404, 429);

    private static async Task<IResult> GetAsync(string userId, HttpContext http, OverviewAggregator overviews)
    {
        var query = OverviewQuery.From(new GetOverviewRequest { UserId = userId, Strict = http.QueryFlag("strict"), OrderLimit = http.QueryNumber("orderLimit") });
        var overview = await overviews.GetAsync(query, http.Deadline(), http.RequestAborted);
        if (overview.Failure is { } failure)
            return new ProblemResult(failure);

        if (!overview.Complete)
            http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(overview.ToJson(), GatewayJson.Default.Overview);
    }

    // A failure is an expected answer here: it takes no exception to give it.
    private sealed class ProblemResult(Google.Rpc.Status failure) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => ProblemMiddleware.WriteAsync(httpContext, failure);
    }
}
