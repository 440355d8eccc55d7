using System.Text.Json.Serialization.Metadata;

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

    /// <summary>A page token as JSON has it: absent on the last page.</summary>
    public static string? Token(string token) => token.Length == 0 ? null : token;
}
