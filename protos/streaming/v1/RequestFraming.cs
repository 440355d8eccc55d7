using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>What is wrong with the bytes of a request, as gRPC's statuses have it. Thread-safe.</summary>
public static class RequestFraming
{
    /// <summary>INTERNAL: a flag that gRPC does not define, or compressed data that is corrupt (gRPC's statuscodes.md).</summary>
    public static Status Corrupt { get; } = new(StatusCode.Internal, "The request is not framed as gRPC has it, or its compressed data is corrupt.");

    /// <summary>RESOURCE_EXHAUSTED: a length that no message may have.</summary>
    public static Status TooLarge { get; } = new(StatusCode.ResourceExhausted, "Received message exceeds the maximum configured message size.");

    /// <summary>
    /// How a stream ends whose request could not be read; null where its caller is simply gone. gRPC's reader itself throws exceptions of
    /// System.IO for what it did not expect, and those would be taken for failures of the service.
    /// </summary>
    public static RpcException? ErrorOf(Exception exception, ServerCallContext call) => exception switch
    {
        RpcException own => own,
        InvalidDataException => new RpcException(Corrupt),
        // Not one of its descendants, which tell of the connection.
        IOException when exception.GetType() == typeof(IOException) && !call.CancellationToken.IsCancellationRequested => new RpcException(TooLarge),
        _ => null,
    };

    /// <summary>
    /// Ends a stream with an error of its own. Said rather than thrown: whoever stands between a method and gRPC would take what is thrown for the
    /// failure of a call to another service.
    /// </summary>
    public static void EndWith(this ServerCallContext call, RpcException error)
    {
        foreach (var trailer in error.Trailers)
            call.ResponseTrailers.Add(trailer);
        call.Status = error.Status;
    }
}
