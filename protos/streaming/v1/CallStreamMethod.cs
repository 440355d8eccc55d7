using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>What both ends of a call stream have to know about its method. Immutable.</summary>
/// <typeparam name="TCall">The message of one call.</typeparam>
/// <typeparam name="TResult">The message that answers one call.</typeparam>
public abstract class CallStreamMethod<TCall, TResult>
{
    private protected CallStreamMethod(IMethod method, int maxCallsPerFrame, bool idempotent)
    {
        Name = method.FullName.TrimStart('/');
        MaxCallsPerFrame = maxCallsPerFrame;
        Idempotent = idempotent;
    }

    /// <summary>As in <c>users.v1.UsersService/LookupUsers</c>.</summary>
    public string Name { get; }

    /// <summary>How many calls a frame may carry, as the contract states; a frame with more ends the stream.</summary>
    public int MaxCallsPerFrame { get; }

    /// <summary>Whether a call may be sent twice without harm: such calls fail over and are hedged.</summary>
    public bool Idempotent { get; }
}

/// <summary>A <see cref="CallStreamMethod{TCall, TResult}"/> together with the frames that carry it.</summary>
public sealed class CallStreamMethod<TRequestFrame, TCall, TResponseFrame, TResult>(
    Method<TRequestFrame, TResponseFrame> method, int maxCallsPerFrame, bool idempotent)
    : CallStreamMethod<TCall, TResult>(method, maxCallsPerFrame, idempotent)
    where TRequestFrame : class, ICallFrame<TCall>, new()
    where TCall : class, ICall
    where TResponseFrame : class, ICallResultFrame<TResult>, new()
    where TResult : class, ICallResult, new()
{
    /// <summary>The gRPC method, as generated.</summary>
    public Method<TRequestFrame, TResponseFrame> Method { get; } = method;
}
