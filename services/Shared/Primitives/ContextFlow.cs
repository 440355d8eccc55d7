namespace Microservices.Primitives;

/// <summary>For what outlives the request that happens to start it.</summary>
public static class ContextFlow
{
    /// <summary>Until disposed, what is started on this thread does not carry the execution context of its caller along: no activity, no async locals.</summary>
    public static AsyncFlowControl? Suppress() => ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
}
