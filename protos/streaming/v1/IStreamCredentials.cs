namespace Microservices.Streaming.V1;

/// <summary>Gives what a process shows when it opens a stream to another service, and again while the stream lives, when one is registered. Thread-safe.</summary>
public interface IStreamCredentials
{
    /// <summary>The access token as it is now: quick, since it is asked for with every heartbeat.</summary>
    ValueTask<string> TokenAsync(CancellationToken cancellationToken);
}
