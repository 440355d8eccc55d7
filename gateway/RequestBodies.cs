using Microservices.Gateway.Errors;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;
using Microservices.Primitives;

namespace Microservices.Gateway;

/// <summary>
/// Reads the bodies of requests into memory. One takes about as much of it as has arrived, and all that are arriving take 16 MiB together, which callers' addresses share
/// (<see cref="FairQuota"/>): whoever opens thousands of connections and sends slowly loses the oldest of them, and takes nothing from the others. A singleton; thread-safe.
/// </summary>
internal sealed class RequestBodies(ILogger<RequestBodies> logger)
{
    private const long MaxBytes = 16 << 20;
    private const int FirstBytes = 1 << 10;
    private readonly FairQuota quota = new("bytes of requests' bodies that are arriving", MaxBytes, logger);

    /// <summary>How much is taken now, in bytes.</summary>
    public long Taken => quota.Taken;

    /// <summary>Reads one; null when it is larger than so many bytes, of which no more than one beyond is read.</summary>
    /// <exception cref="StatusException">RESOURCE_EXHAUSTED: no room is left for it.</exception>
    public async Task<ArraySegment<byte>?> ReadAsync(HttpContext http, int max, CancellationToken cancellationToken)
    {
        if (http.Request.ContentLength > max)
            return null;
        // One more byte than may come tells that it is at its end.
        var most = (http.Request.ContentLength ?? max) + 1;
        var caller = Caller.Of(http);
        using var hold = quota.Begin(caller.Address, caller.Connection, http.CutOff);
        var (body, length) = (Array.Empty<byte>(), 0);
        while (length <= max)
        {
            if (length == body.Length)
            {
                var size = (int)Math.Min(most, Math.Max(FirstBytes, 2L * length));
                if (!hold.TryTake(size - length))
                    throw new StatusException(GatewayErrors.Domain.Overloaded("TOO_MANY_REQUESTS", "As many bodies of requests are arriving as may be."));
                Array.Resize(ref body, size);
            }

            var read = await http.Request.Body.ReadAsync(body.AsMemory(length), cancellationToken);
            if (read == 0)
                return new(body, 0, length);
            length += read;
        }

        return null;
    }
}
