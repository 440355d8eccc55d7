using System.Text;
using Google.Protobuf.WellKnownTypes;
using Microservices.Topics;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>What Webhooks publishes. An event's key is its delivery's id, or its endpoint's.</summary>
internal static class DeliveryEvents
{
    public static readonly KeyedTopics Topics = new("webhooks", "owner", DeliveryEvent.Descriptor);

    /// <summary>Commits a delivery of a message to an endpoint, with the event that tells of it, and has it sent.</summary>
    public static Delivery AddDelivery(this WebhooksDbContext context, Endpoint endpoint, Message message, string eventType, string key, DateTimeOffset now)
    {
        var delivery = new Delivery
        {
            DeliveryId = Guid.CreateVersion7(now).ToString(),
            MessageId = message.MessageId,
            EndpointId = endpoint.EndpointId,
            OwnerId = endpoint.OwnerId,
            Partition = KeyedTopics.PartitionOf(endpoint.OwnerId),
            EventType = eventType,
            Key = key,
            CreateTime = now,
        };
        var created = new DeliveryEvent { Kind = DeliveryEventKind.Created, Delivery = delivery.ToMessage(), Payload = Encoding.UTF8.GetString(message.Body), Time = now.ToTimestamp() };
        context.AddEvent(Topics.For(endpoint.OwnerId), delivery.DeliveryId, created, offset =>
        {
            delivery.Offset = offset;
            context.Add(delivery);
        });
        if (endpoint.State == EndpointState.Enabled)
            context.AddDue(endpoint.Sending());
        return delivery;
    }

    /// <summary>Tells of a change of a delivery.</summary>
    public static void Publish(this WebhooksDbContext context, DeliveryEventKind kind, Delivery delivery, DateTimeOffset time) =>
        context.AddEvent(Topics.For(delivery.OwnerId), delivery.DeliveryId, new DeliveryEvent { Kind = kind, Delivery = delivery.ToMessage(), Time = time.ToTimestamp() });

    /// <summary>Tells that the service has disabled an endpoint.</summary>
    public static void PublishDisabled(this WebhooksDbContext context, Endpoint endpoint, DateTimeOffset time) =>
        context.AddEvent(Topics.For(endpoint.OwnerId), endpoint.EndpointId, new DeliveryEvent { Kind = DeliveryEventKind.EndpointDisabled, Endpoint = endpoint.ToMessage([]), Time = time.ToTimestamp() });
}
