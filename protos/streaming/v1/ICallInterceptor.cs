namespace Microservices.Streaming.V1;

/// <summary>
/// Stands before the handlers of every call stream of a process, when one is registered, and decides about each call that arrives. It is asked under a
/// lock: it answers at once and does not call back. Thread-safe.
/// </summary>
public interface ICallInterceptor
{
    /// <summary>Decides about a call of the method (<c>/users.v1.UsersService/LookupUsers</c>); <c>default</c> lets it pass.</summary>
    FaultDecision Intercept(string method);
}

/// <summary>What happens to a call before its handler sees it: it is delayed first, then it is failed, cuts its stream, or goes on. Other calls are not held up.</summary>
public readonly record struct FaultDecision
{
    /// <summary>How long the call is delayed; its deadline is not put off.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The status that the call is answered with after the delay, not OK; null when it goes on to its handler.</summary>
    public Google.Rpc.Status? Error { get; init; }

    /// <summary>Whether the stream of the call is aborted after the delay.</summary>
    public bool CutsStream { get; init; }

    /// <summary>Whether the call goes on to its handler at once.</summary>
    public bool Passes => Delay <= TimeSpan.Zero && Error is null && !CutsStream;
}
