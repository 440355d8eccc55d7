using Grpc.Core;

namespace Microservices.Streaming;

/// <summary>How a stream ends that an operator has ended.</summary>
internal static class StoppedStream
{
    private const string Message = "An operator has ended this stream.";

    /// <summary>The error that its client gets: one that clients of the suite do not try again after, or one after which they do.</summary>
    internal static RpcException Error(bool forGood) => new(new Status(forGood ? StatusCode.PermissionDenied : StatusCode.Unavailable, Message));
}
