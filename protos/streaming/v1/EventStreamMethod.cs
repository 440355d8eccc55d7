using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>What both ends of an event stream have to know about its method. Immutable.</summary>
/// <typeparam name="TSubscription">The message that asks for a subscription, with the method's filter.</typeparam>
/// <typeparam name="TEvent">The message of one event.</typeparam>
public abstract class EventStreamMethod<TSubscription, TEvent>
    where TSubscription : class, IEventSubscription
{
    private protected EventStreamMethod(IMethod method) => Name = method.FullName.TrimStart('/');

    /// <summary>As in <c>orders.v1.OrdersService/WatchOrders</c>.</summary>
    public string Name { get; }
}

/// <summary>An <see cref="EventStreamMethod{TSubscription, TEvent}"/> together with the frames that carry it.</summary>
public sealed class EventStreamMethod<TRequest, TSubscription, TResponse, TBatch, TEvent> : EventStreamMethod<TSubscription, TEvent>
    where TRequest : class, IEventRequestFrame<TSubscription>, new()
    where TSubscription : class, IEventSubscription, IDeepCloneable<TSubscription>
    where TResponse : class, IEventResponseFrame<TBatch>, IMessage<TResponse>, new()
    where TBatch : class, IEventBatch<TEvent>, IMessage<TBatch>, new()
{
    // The server writes frames from events that are encoded already, so all methods number these fields alike.
    private static readonly (string Name, int Number)[] FrameFields =
        [("subscribed", 1), ("events", 2), ("reset", 3), ("failed", 4), ("draining", 5), ("heartbeat", 6)];

    private static readonly (string Name, int Number)[] BatchFields = [("subscription_id", 1), ("cursor", 2), ("events", 3), ("snapshot", 4)];

    /// <summary>Checks that the frames are numbered as every event stream's are.</summary>
    /// <exception cref="ArgumentException">They are not.</exception>
    public EventStreamMethod(Method<TRequest, TResponse> method)
        : base(method)
    {
        Method = method;
        Check(new TResponse().Descriptor, FrameFields);
        Check(new TBatch().Descriptor, BatchFields);
    }

    /// <summary>The gRPC method, as generated.</summary>
    public Method<TRequest, TResponse> Method { get; }

    private static void Check(MessageDescriptor message, (string Name, int Number)[] fields)
    {
        foreach (var (name, number) in fields)
        {
            if (message.FindFieldByName(name)?.FieldNumber != number)
                throw new ArgumentException($"{message.FullName} is no frame of an event stream: its field {name} must have number {number}.");
        }
    }
}
