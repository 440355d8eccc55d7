using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>What both ends of a call stream have to know about its method. Immutable.</summary>
/// <typeparam name="TCall">The message of one call.</typeparam>
/// <typeparam name="TResult">The message that answers one call.</typeparam>
public abstract class CallStreamMethod<TCall, TResult>
{
    private protected CallStreamMethod(IMethod method, CallStreamRule rule)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rule.MaxCallsPerFrame);
        Name = method.FullName.TrimStart('/');
        MaxCallsPerFrame = checked((int)rule.MaxCallsPerFrame);
        Idempotent = rule.Idempotent;
    }

    /// <summary>As in <c>users.v1.UsersService/LookupUsers</c>.</summary>
    public string Name { get; }

    /// <summary>How many calls a frame may carry, as the contract states; a frame with more ends the stream.</summary>
    public int MaxCallsPerFrame { get; }

    /// <summary>Whether a call may be made twice without harm, as the contract states: such calls fail over and are hedged.</summary>
    public bool Idempotent { get; }

    /// <summary>Opens a stream.</summary>
    public abstract CallTransport<TCall, TResult> Open(CallInvoker invoker, CallOptions options);
}

/// <summary>A <see cref="CallStreamMethod{TCall, TResult}"/> together with the frames that carry it.</summary>
public sealed class CallStreamMethod<TRequestFrame, TCall, TResponseFrame, TResult>(Method<TRequestFrame, TResponseFrame> method, CallStreamRule rule)
    : CallStreamMethod<TCall, TResult>(method, rule)
    where TRequestFrame : class, ICallFrame<TCall>, new()
    where TCall : class, ICall
    where TResponseFrame : class, ICallResultFrame<TResult>, new()
    where TResult : class, ICallResult, new()
{
    /// <summary>A method with what its contract says of it.</summary>
    /// <exception cref="ArgumentException">It says nothing: the option <c>streaming.v1.call_stream</c> is missing.</exception>
    public CallStreamMethod(Method<TRequestFrame, TResponseFrame> method, ServiceDescriptor service)
        : this(method, RuleOf(service.FindMethodByName(method.Name)))
    {
    }

    /// <summary>The gRPC method, as generated.</summary>
    public Method<TRequestFrame, TResponseFrame> Method { get; } = method;

    /// <inheritdoc/>
    public override CallTransport<TCall, TResult> Open(CallInvoker invoker, CallOptions options) =>
        new GrpcCallTransport<TRequestFrame, TCall, TResponseFrame, TResult>(invoker.AsyncDuplexStreamingCall(Method, null, options));

    private static CallStreamRule RuleOf(MethodDescriptor method) => method.GetOptions()?.GetExtension(MethodOptionsExtensions.CallStream)
        ?? throw new ArgumentException($"{method.FullName} carries calls, and its contract does not say what it promises: give it the option (streaming.v1.call_stream).");
}
