using System.Globalization;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>Lists what a source has received, newest first, and gets one message with its body.</summary>
internal sealed class ReadReceived(Database<WebhooksDbContext> database)
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 500;

    public async Task<ListReceivedResponse> ListAsync(ListReceivedRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var list = $"received/{request.SourceId}";
        var violations = new FieldViolations();
        violations.CheckId("source_id", request.SourceId);
        var size = violations.PageSize("page_size", request.PageSize, DefaultPageSize, MaxPageSize);
        var position = violations.PagePosition("page_token", list, request.PageToken, text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        violations.ThrowIfAny(WebhooksErrors.Domain);

        var before = position.Length > 0 ? long.Parse(position, CultureInfo.InvariantCulture) : long.MaxValue;
        var page = await database.ReadAsync(async context =>
        {
            await ReadSources.FindAsync(context, request.SourceId, rights, cancellationToken);
            var withoutBodies = context.Received.Where(r => r.SourceId == request.SourceId && r.Place < before).OrderByDescending(r => r.Place).Select(r => new ReceivedMessage
            {
                ReceivedId = r.ReceivedId,
                SourceId = r.SourceId,
                OwnerId = r.OwnerId,
                MessageId = r.MessageId,
                EventType = r.EventType,
                ContentType = r.ContentType,
                Body = Array.Empty<byte>(),
                Size = r.Size,
                Place = r.Place,
                CreateTime = r.CreateTime,
            });
            return await withoutBodies.ReadPageAsync(r => r.ToMessage(), size, cancellationToken);
        }, cancellationToken);

        var response = new ListReceivedResponse { Received = { page.Items } };
        if (page.More)
            response.NextPageToken = PageToken.Encode(list, page.Last!.Place.ToString(CultureInfo.InvariantCulture));
        return response;
    }

    public async Task<GetReceivedResponse> GetAsync(string receivedId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("received_id", receivedId);
        violations.ThrowIfAny(WebhooksErrors.Domain);
        var received = await database.ReadAsync(
            context => context.Received.FirstOrDefaultAsync(r => r.ReceivedId == receivedId && (rights.Owner == null || r.OwnerId == rights.Owner), cancellationToken), cancellationToken);
        return new GetReceivedResponse { Received = (received ?? throw new StatusException(WebhooksErrors.ReceivedNotFound(receivedId))).ToMessage() };
    }
}
