using Grpc.Core;
using Microservices.Primitives;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Microservices.Hosting.Auth;

/// <summary>
/// The process's own token that it gets by its key, and renews when 80 % of its lifetime are over. While the authority is away it goes on trying, with a
/// growing delay, and the token in hand, or the one that was kept when the process starts, is used until it expires; after that, calls are UNAVAILABLE. A process that
/// has just started waits a moment, since the authority may be starting too. Thread-safe.
/// </summary>
internal sealed partial class RenewedToken(TokenRequests requests, Kept kept, TimeProvider time, ILogger<RenewedToken> logger) : OwnToken
{
    private const double RenewedAt = 0.8;
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(1);

    // For so long after the start calls wait for the first token.
    private static readonly TimeSpan StartWait = TimeSpan.FromSeconds(5);

    private readonly Outage outage = new(time);

    // The attempt that is going on, or has ended. The first one begins when the process starts, and goes on for as long as calls wait for its token.
    private volatile TaskCompletionSource attempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Held? held;

    public override ValueTask<string> TokenAsync(CancellationToken cancellationToken) => Valid is { } token ? new(token) : WaitAsync(cancellationToken);

    private string KeptAs => $"{requests.ClientId}.token.json";

    /// <summary>Takes up the token that was kept, if there is one that is still valid.</summary>
    public void Start()
    {
        var now = time.GetUtcNow();
        if (kept.Read(KeptAs, Read) is { } token && token.ValidTo > now.UtcDateTime)
            held = new(token.EncodedToken, time.GetTimestamp(), token.ValidTo - now.UtcDateTime);
    }

    /// <summary>Gets tokens until the process stops.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        var backoff = new Backoff(FirstRetryDelay, MaxRetryDelay);
        var started = time.GetTimestamp();
        while (true)
        {
            var lifetime = await TryRenewAsync(stoppingToken);
            if (lifetime is not null)
                backoff.Reset();
            var isOver = lifetime is not null || time.GetElapsedTime(started) >= StartWait;
            if (isOver)
                attempt.SetResult();
            await Task.Delay(lifetime * RenewedAt ?? backoff.Next(), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
                break;
            if (isOver)
                attempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        attempt.TrySetResult();
    }

    private string? Valid => held is { } token && time.GetElapsedTime(token.Since) < token.Lifetime ? token.Token : null;

    private async ValueTask<string> WaitAsync(CancellationToken cancellationToken)
    {
        await attempt.Task.WaitAsync(cancellationToken);
        return Valid ?? throw Unavailable();
    }

    /// <summary>The new token's lifetime; null when there is none.</summary>
    private async Task<TimeSpan?> TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            var asked = time.GetTimestamp();
            var answer = await requests.SendOwnAsync(cancellationToken);
            var token = answer.Token ?? throw new HttpRequestException(answer.Problem);
            held = new(token, asked, answer.Lifetime);
            kept.Write(KeptAs, token);
            if (outage.End() is { } lasted)
                LogBack(requests.Source, lasted);
            return answer.Lifetime;
        }
        catch (Exception exception)
        {
            if (!cancellationToken.IsCancellationRequested && outage.Begin())
                LogAway(requests.Source, exception.Message);
            return null;
        }
    }

    private JsonWebToken Read(string token)
    {
        var read = new JsonWebToken(token);
        return read.Subject == requests.ClientId ? read : throw new InvalidDataException("it is of another process");
    }

    // As when no replica can be reached: unary calls are tried again for a moment.
    private static RpcException Unavailable()
    {
        const string Why = "The authority gives this process no token of its own for now.";
        return new(new Status(StatusCode.Unavailable, Why, new HttpRequestException(HttpRequestError.ConnectionError, Why)));
    }

    [LoggerMessage(LogLevel.Warning, "The process gets no token of its own from {Source}, and cannot call other services once the last one has expired: {Cause}")]
    private partial void LogAway(string source, string cause);

    [LoggerMessage(LogLevel.Information, "The process gets tokens of its own from {Source} again, after {Lasted}")]
    private partial void LogBack(string source, TimeSpan lasted);

    private sealed record Held(string Token, long Since, TimeSpan Lifetime);
}
