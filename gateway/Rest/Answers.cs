using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Microservices.Gateway.Overviews;
using Microservices.Orders.V1;
using ProtoUser = Microservices.Users.V1.User;

namespace Microservices.Gateway.Rest;

/// <summary>What the answers of several routes have in common.</summary>
internal static class Answers
{
    /// <summary>The answer to a command that may carry an idempotency key: a replay is the same answer, and says so in a header.</summary>
    public static IResult Command<T>(HttpContext http, T value, JsonTypeInfo<T> type, bool replayed, int status = StatusCodes.Status200OK)
    {
        if (replayed)
            http.Response.Headers[RequestValues.IdempotencyReplayed] = "true";
        return TypedResults.Json(value, type, statusCode: status);
    }

    /// <summary>A user was written: the next read at this gateway shows it, and the answer's Position makes every other gateway show it.</summary>
    public static void WroteUser(HttpContext http, string userId, ulong etag) => Wrote<ProtoUser>(http, RequestValues.UserPosition, userId, etag);

    /// <summary>An order of a user was written: the same holds.</summary>
    public static void WroteOrder(HttpContext http, string userId, ulong etag) => Wrote<LatestOrders>(http, RequestValues.OrdersPosition, userId, etag);

    private static void Wrote<T>(HttpContext http, string name, string userId, ulong etag)
    {
        http.RequestServices.GetRequiredService<InvalidationClock<T>>().Invalidate(userId);
        if (etag != 0)
            http.Response.Headers[RequestValues.Position] = string.Create(CultureInfo.InvariantCulture, $"{name}={etag:x16}");
    }

    /// <summary>A page token as JSON has it: absent on the last page.</summary>
    public static string? Token(string token) => token.Length == 0 ? null : token;
}
