using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>Gives what a process shows when it opens a stream to another service, when one is registered. Thread-safe.</summary>
public interface IStreamCredentials
{
    /// <summary>The metadata for a stream about to be opened.</summary>
    ValueTask<Metadata> HeadersAsync(CancellationToken cancellationToken);
}
