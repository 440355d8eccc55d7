using Microservices.Operations.V1;
using Microsoft.AspNetCore.Http;

namespace Microservices.Streaming.V1;

/// <summary>Streams that a process has open, for operators to see: each part that serves streams registers its own. Thread-safe.</summary>
public interface IOpenStreams
{
    /// <summary>Those that are open now; some may have ended when they are looked at.</summary>
    IReadOnlyList<IStreamHandle> Open { get; }
}

/// <summary>A stream that is open at a process, as operators see it. Thread-safe.</summary>
public interface IStreamHandle
{
    /// <summary>How it stands; null when it has ended. It is quick, and changes nothing. What it returns is the caller's.</summary>
    OpenStream? Describe();

    /// <summary>Asks the client to leave in good order; false when its protocol has no way to ask.</summary>
    bool TryDrain();

    /// <summary>Ends it: PERMISSION_DENIED when its client is not to come back, else UNAVAILABLE. Returns at once.</summary>
    void End(bool forGood);
}

/// <summary>What names a stream among those of all processes.</summary>
public static class StreamIds
{
    private static readonly string Process = Guid.NewGuid().ToString("N")[..8];

    /// <summary>The id of the stream that a request is: the server's own for it, made only for who asks.</summary>
    public static string Of(HttpContext http) => $"{Process}-{http.TraceIdentifier.Replace(':', '-')}";
}
