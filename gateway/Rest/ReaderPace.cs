using System.Text.Json.Serialization.Metadata;
using Microservices.Gateway.Errors;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Rest;

/// <summary>
/// Writes large answers at their reader's pace, a chunk at a time, each once the one before is on its way. A caller that has not read the whole
/// answer within <see cref="GatewayOptions.WriteTimeout"/> is cut off.
/// </summary>
internal static partial class ReaderPace
{
    /// <summary>How much is written at a time, in bytes.</summary>
    public const int ChunkBytes = 32 * 1024;

    /// <summary>Reserves the room of an answer until the request has ended; a small one needs none. Bytes are counted as the services sent them.</summary>
    /// <exception cref="StatusException">RESOURCE_EXHAUSTED: there is no room.</exception>
    public static void Hold(HttpContext http, int bytes)
    {
        if (bytes <= AnswerBudget.SmallAnswer)
            return;
        var hold = http.RequestServices.GetRequiredService<AnswerBudget>().Begin(http);
        http.Response.RegisterForDispose(hold);
        if (!hold.TryTake(bytes))
            throw new StatusException(GatewayErrors.TooMuchUnread());
    }

    /// <summary>A JSON answer, and how many bytes its source took as the services sent it.</summary>
    public static IResult Json<T>(HttpContext http, T value, JsonTypeInfo<T> type, int bytes)
    {
        if (bytes <= AnswerBudget.SmallAnswer)
            return TypedResults.Json(value, type);
        Hold(http, bytes);
        return new PacedJson<T>(value, type);
    }

    /// <summary>Runs what writes the body; its token ends it when the caller is gone, or does not read.</summary>
    public static async Task WriteAsync(HttpContext http, Func<CancellationToken, Task> write)
    {
        var timeout = Timeout(http);
        using var slow = new CancellationTokenSource(timeout, http.RequestServices.GetRequiredService<TimeProvider>());
        using var over = CancellationTokenSource.CreateLinkedTokenSource(slow.Token, http.RequestAborted);
        try
        {
            await write(over.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            if (!http.RequestAborted.IsCancellationRequested)
                LogCutOff(http.RequestServices.GetRequiredService<ILogger<GatewayOptions>>(), http.Request.Path, timeout);
            http.Abort();
        }
    }

    private static TimeSpan Timeout(HttpContext http) => http.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.WriteTimeout;

    private sealed class PacedJson<T>(T value, JsonTypeInfo<T> type) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) =>
            WriteAsync(httpContext, token => httpContext.Response.WriteAsJsonAsync(value, type, cancellationToken: token));
    }

    [LoggerMessage(LogLevel.Warning, "{Path}: the caller has not read the answer within {Timeout}; its connection is cut")]
    private static partial void LogCutOff(ILogger logger, string path, TimeSpan timeout);
}
