using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Microservices.Streaming;

/// <summary>Ends the stream of a caller that does not read.</summary>
public static class SlowReader
{
    /// <summary>RST_STREAM with this code is RESOURCE_EXHAUSTED to a gRPC client (gRPC over HTTP/2, "Errors").</summary>
    private const int EnhanceYourCalm = 0xb;

    /// <summary>
    /// Resets the call, so that its caller sees RESOURCE_EXHAUSTED and what waits to be written to it is released; other calls of the
    /// connection go on. A write that hangs cannot be called off in any other way. Thread-safe.
    /// </summary>
    public static void CutOff(this ServerCallContext context)
    {
        var http = context.GetHttpContext();
        if (http.Features.Get<IHttpResetFeature>() is { } reset)
            reset.Reset(EnhanceYourCalm);
        else
            http.Abort();
    }
}
