namespace Microservices.Streaming.Calls;

/// <summary>For what outlives the request that happens to start it.</summary>
internal static class Flow
{
    /// <summary>Until disposed, what is started on this thread does not carry this request's context along.</summary>
    internal static AsyncFlowControl? Suppress() => ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
}
