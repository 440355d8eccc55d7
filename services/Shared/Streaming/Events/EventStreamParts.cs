using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>What all streams of a method have in common.</summary>
internal sealed record EventStreamParts<TRequest>(
    string Method,
    IEventReaderSource<TRequest> Source,
    IErrorMapper Errors,
    IStreamAccess? Access,
    EventStreamServerOptions Options,
    EventServerMetrics Metrics,
    TotalQueued Total,
    StreamClock Clock,
    TimeProvider Time,
    ILogger Logger)
    where TRequest : class, IEventRequestFrame;
