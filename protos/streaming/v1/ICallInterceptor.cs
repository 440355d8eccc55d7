namespace Microservices.Streaming.V1;

/// <summary>
/// Stands before the handlers of every call stream of a process, when one is registered, and says of each call that arrives what becomes
/// of it. It is asked under a lock: it answers at once and does not call back. Thread-safe.
/// </summary>
public interface ICallInterceptor
{
    /// <summary>What becomes of a call of the method (<c>/users.v1.UsersService/LookupUsers</c>); <c>default</c> lets it pass.</summary>
    CallFate Intercept(string method);
}

/// <summary>What becomes of a call before its handler sees it. Other calls are not held up, whatever it is.</summary>
public readonly record struct CallFate
{
    /// <summary>How long the call is kept back first; its deadline goes on meanwhile.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>What the call is answered with then; null when it goes on to its handler. Not OK.</summary>
    public Google.Rpc.Status? Error { get; init; }

    /// <summary>Whether the whole stream is cut then, without a word.</summary>
    public bool CutsStream { get; init; }

    /// <summary>Whether the call goes on to its handler at once.</summary>
    public bool Passes => Delay <= TimeSpan.Zero && Error is null && !CutsStream;
}
