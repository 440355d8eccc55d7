using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Microservices.Primitives;

/// <summary>Ends the request of a caller that does not read.</summary>
public static class SlowReader
{
    // RST_STREAM with this code is RESOURCE_EXHAUSTED to a gRPC client (gRPC over HTTP/2, "Errors").
    private const int EnhanceYourCalm = 0xb;

    /// <summary>
    /// Resets the request, so that its caller sees RESOURCE_EXHAUSTED and what waits to be written to it is released. Over HTTP/2 other requests
    /// of the connection go on; over HTTP/1.1 the connection is closed. A write that hangs cannot be called off in any other way. Thread-safe.
    /// </summary>
    public static void CutOff(this HttpContext http)
    {
        if (http.Features.Get<IHttpResetFeature>() is { } reset)
            reset.Reset(EnhanceYourCalm);
        else
            http.Abort();
    }
}
