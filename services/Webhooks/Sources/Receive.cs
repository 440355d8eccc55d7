using Google.Protobuf;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Webhooks;

/// <summary>
/// Takes what a sender has sent. Once it is known to be the sender's, it is stored with the event that tells of it and with its deliveries to endpoints, in one transaction; what
/// has the id of something that the source has is a repeat. Of a source that is not there, and of one without a secret, it takes as long to say so.
/// </summary>
internal sealed class Receive(Database<WebhooksDbContext> database, Secrets secrets, FanOut fanOut, ReceivedMetrics metrics, IOptions<WebhooksOptions> options, TimeProvider time)
{
    private static readonly byte[][] NoKeys = [new byte[Secrets.Bytes]];

    public async Task<ReceiveResponse> HandleAsync(ReceiveRequest request, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("source_id", request.SourceId);
        if (request.Body.Length > ReceivedMessage.MaxBody)
            violations.Add("body", $"must have at most {ReceivedMessage.MaxBody} bytes");
        violations.ThrowIfAny(WebhooksErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var (source, good) = await database.ReadAsync(async context =>
            (await context.Sources.FirstOrDefaultAsync(s => s.SourceId == request.SourceId, cancellationToken), await Secrets.GoodAsync(context, [request.SourceId], now, cancellationToken)), cancellationToken);
        Verify(source, good, request, now);

        var names = SenderNames.Read(source!.Kind, request.Headers, request.Body.Span);
        if (names.MessageId is not { } messageId)
        {
            metrics.Received(ReceivedOutcome.Unnamed);
            violations.Add(SenderNames.IdField(source.Kind), $"must be the id of the message: 1 to {ReceivedMessage.MaxText} visible ASCII characters");
            throw new StatusException(WebhooksErrors.Domain.Invalid(violations));
        }

        // What Webhooks itself has sent would go round in circles.
        var isOwn = request.Headers.TryGetValue("user-agent", out var sender) && sender == MessageSender.UserAgent;
        var response = await database.WriteAsync(context => StoreAsync(context, source, messageId, names, request.Body, isOwn, now, cancellationToken), cancellationToken);
        metrics.Received(response.Replayed ? ReceivedOutcome.Repeated : ReceivedOutcome.Stored);
        return response;
    }

    /// <exception cref="StatusException">It is not the sender's, or there is no such source.</exception>
    private void Verify(Source? source, List<KeptSecret> good, ReceiveRequest request, DateTimeOffset now)
    {
        var signature = SenderSignature.Read(source?.Kind ?? SourceKind.Standard, request.Headers);
        var isBySender = signature.IsBy(good.Count > 0 ? [.. good.Select(secrets.Open)] : NoKeys, request.Body.Span);
        var refusal = source is null ? (ReceivedOutcome.NoSource, WebhooksErrors.SourceNotFound(request.SourceId))
            : !isBySender || good.Count == 0 ? (ReceivedOutcome.BadSignature, WebhooksErrors.SignatureInvalid)
            : signature.IsStale(now) ? (ReceivedOutcome.Stale, WebhooksErrors.SignatureStale)
            : ((string, Google.Rpc.Status)?)null;
        if (refusal is not var (outcome, error))
            return;
        metrics.Received(outcome);
        throw new StatusException(error);
    }

    private async Task<ReceiveResponse> StoreAsync(
        WebhooksDbContext context, Source source, string messageId, SenderNames names, ByteString body, bool isOwn, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await context.Received.Where(r => r.SourceId == source.SourceId && r.MessageId == messageId).Select(r => r.ReceivedId).FirstOrDefaultAsync(cancellationToken) is { } before)
            return new ReceiveResponse { ReceivedId = before, Replayed = true };

        // Whoever receives for the same source waits here until this is committed.
        var sources = context.Sources.Where(s => s.SourceId == source.SourceId);
        var size = body.Length + ReceivedMessage.Overhead;
        if (await sources.ExecuteUpdateAsync(s => s.SetProperty(x => x.Received, x => x.Received + size), cancellationToken) == 0)
            throw new StatusException(WebhooksErrors.SourceNotFound(source.SourceId));
        var end = await sources.Select(s => s.Received).SingleAsync(cancellationToken);
        var (place, kept) = (end - size, end - options.Value.MaxReceivedBytes);
        await context.Received.Where(r => r.SourceId == source.SourceId && r.Place < kept).ExecuteDeleteAsync(cancellationToken);

        var received = context.Add(new ReceivedMessage
        {
            ReceivedId = Guid.CreateVersion7(now).ToString(),
            SourceId = source.SourceId,
            OwnerId = source.OwnerId,
            MessageId = messageId,
            EventType = names.EventType,
            ContentType = names.ContentType,
            Body = body.ToByteArray(),
            Size = body.Length,
            Place = place,
            CreateTime = now,
        }).Entity;
        var message = received.ToMessage();
        context.AddEvent(ReceivedEvents.Topics.For(source.OwnerId), received.ReceivedId, new ReceivedEvent { Received = message });
        if (!isOwn)
            await fanOut.AddAsync(context, [new("/webhooks", EventTypes.WebhookReceived, source.OwnerId, source.SourceId, place, now, message)], cancellationToken);
        return new ReceiveResponse { ReceivedId = received.ReceivedId };
    }
}
