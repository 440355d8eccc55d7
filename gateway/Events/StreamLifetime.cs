using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Primitives;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Events;

/// <summary>
/// Says when an event stream over HTTP has to end: when it is old, when the caller's token expires or is revoked, or when the process drains, spread over half of
/// <see cref="DrainOptions.Window"/> so that not all clients come back at once. A singleton; thread-safe.
/// </summary>
internal sealed class StreamLifetime(IOptions<EventsOptions> options, Revocations revocations, Drain drain, TimeProvider time)
{
    /// <summary>Completes when a stream of this caller has to end, with the reason for it.</summary>
    public async Task<string> EndAsync(Principal caller, CancellationToken ended)
    {
        // Not beyond the caller's token: the client comes back with a newer one.
        var (age, reason) = (Jitter.Shorten(options.Value.MaxAge), EndReasons.Age);
        var left = caller.Expires - time.GetUtcNow();
        if (left < age)
            (age, reason) = (left > TimeSpan.Zero ? left : TimeSpan.Zero, EndReasons.Expired);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(drain.Token, ended);
        var over = Task.Delay(age, time, either.Token);
        while (!over.IsCompleted)
        {
            // Taken before it is asked: what comes in between is not missed.
            var changed = revocations.Changed;
            if (revocations.Include(caller))
                return EndReasons.Revoked;
            await Task.WhenAny(over, changed);
        }

        if (!drain.IsDraining)
            return reason;
        await Task.Delay(Jitter.UpTo(drain.Window / 2), time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return EndReasons.Draining;
    }
}
