using System.Globalization;
using Microservices.Egress;
using Microservices.Persistence;

namespace Microservices.Webhooks;

/// <summary>Sends one message to one endpoint, once. Thread-safe.</summary>
internal sealed class MessageSender(IEgress egress, TimeProvider time)
{
    /// <summary>How what is sent says who sends it.</summary>
    public const string UserAgent = "Microservices-Webhooks/1";

    /// <param name="endpoint">Where to.</param>
    /// <param name="delivery">Which delivery it is.</param>
    /// <param name="body">What is sent.</param>
    /// <param name="secrets">What signs it.</param>
    /// <param name="cursor">Up to where everything was delivered or given up.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<SentMessage> SendAsync(Endpoint endpoint, Delivery delivery, byte[] body, IReadOnlyList<byte[]> secrets, string cursor, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var timestamp = now.ToUnixTimeSeconds();
        var request = new EgressRequest(HttpMethod.Post, new Uri(endpoint.Url))
        {
            Headers =
            [
                new("Content-Type", "application/cloudevents+json"),
                new("User-Agent", UserAgent),
                new("webhook-id", delivery.MessageId),
                new("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture)),
                new("webhook-signature", Secrets.Sign(secrets, delivery.MessageId, timestamp, body)),
                new("webhook-cursor", cursor),
            ],
            Body = body,
        };
        return new SentMessage(delivery, now, await egress.SendAsync(request, cancellationToken));
    }
}
