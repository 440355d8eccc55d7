using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>What the server of an event stream has to know about its method. Immutable.</summary>
/// <typeparam name="TRequest">The frame of the subscriber.</typeparam>
public abstract class EventStreamMethod<TRequest>
    where TRequest : class, IEventRequestFrame
{
    private protected EventStreamMethod(IMethod method) => Name = method.FullName.TrimStart('/');

    /// <summary>As in <c>orders.v1.OrdersService/WatchOrders</c>.</summary>
    public string Name { get; }
}

/// <summary>An <see cref="EventStreamMethod{TRequest}"/> together with what a client has to know.</summary>
/// <typeparam name="TRequest">The frame of the subscriber.</typeparam>
/// <typeparam name="TResponse">The frame of the service.</typeparam>
/// <typeparam name="TEvent">One event.</typeparam>
public sealed class EventStreamMethod<TRequest, TResponse, TEvent> : EventStreamMethod<TRequest>
    where TRequest : class, IEventRequestFrame, new()
    where TResponse : class, IEventResponseFrame<TEvent>, IMessage<TResponse>, new()
{
    // The server writes frames from events that are encoded already, so all methods number these fields alike.
    private static readonly (string Name, int Number)[] FrameFields =
        [("subscribed", 1), ("events", 2), ("reset", 3), ("failed", 4), ("draining", 5), ("heartbeat", 6), ("authenticated", 7)];

    private static readonly (string Name, int Number)[] BatchFields = [("subscription_id", 1), ("cursor", 2), ("events", 3), ("snapshot", 4), ("causes", 5)];

    /// <summary>Checks that the frames are numbered as every event stream's are.</summary>
    /// <exception cref="ArgumentException">They are not.</exception>
    public EventStreamMethod(Method<TRequest, TResponse> method)
        : base(method)
    {
        Method = method;
        var frame = new TResponse().Descriptor;
        Check(frame, FrameFields);
        Check(frame.FindFieldByName("events").MessageType, BatchFields);
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
