using Google.Protobuf;
using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Webhooks.V1;
using Microsoft.Extensions.Options;
using Client = Microservices.Webhooks.V1.SourcesService.SourcesServiceClient;

namespace Microservices.Gateway.Rest;

/// <summary>
/// Where webhooks come in: <c>POST /in/{source}</c>. Who sends one shows no token, but signs it with a secret of the source, which Webhooks checks over the bytes as they came. A source has a rate of its
/// own; what is refused counts as a stranger's.
/// </summary>
internal static class ReceiveRoutes
{
    // As the contract has it.
    private const int MaxBodyBytes = 48 << 10;

    // What any kind of sender signs with, or says of what it sends.
    private static readonly string[] Headers =
    [
        "content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature", "x-github-delivery", "x-github-event", "x-hub-signature-256", "stripe-signature",
    ];

    public static void MapReceive(this WebApplication app) => app.MapPost("/in/{sourceId}", ReceiveAsync).OpenToAll().WithMetadata(CountsRefusals.Instance).ExcludeFromDescription();

    private static async Task ReceiveAsync(string sourceId, HttpContext http, Client sources, Limits.RequestLimits limits, IOptions<GatewayOptions> options)
    {
        if (FieldViolations.IsId(sourceId) && await limits.RefusalOfSourceAsync(http, sourceId) is { } limited)
        {
            await ProblemMiddleware.WriteAsync(http, limited);
            return;
        }

        try
        {
            var response = await sources.ReceiveAsync(await ReadAsync(sourceId, http, options.Value), new CallOptions(deadline: http.Deadline(), cancellationToken: http.RequestAborted));
            if (response.Replayed)
                http.Response.Headers[RequestValues.IdempotencyReplayed] = "true";
            http.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        catch (Exception refused) when (refused is BadHttpRequestException or InvalidRequestException or RpcException { StatusCode: StatusCode.Unauthenticated or StatusCode.NotFound or StatusCode.InvalidArgument })
        {
            if (await limits.RefusalOfStrangerAsync(http) is not { } stranger)
                throw;
            await ProblemMiddleware.WriteAsync(http, stranger);
        }
    }

    private static async Task<ReceiveRequest> ReadAsync(string sourceId, HttpContext http, GatewayOptions options)
    {
        JsonBody.RequireUncompressed(http.Request);
        var body = await ForwardedBody.ReadAsync(http, MaxBodyBytes, options.DefaultTimeout);
        var request = new ReceiveRequest { SourceId = sourceId, Body = UnsafeByteOperations.UnsafeWrap(body) };
        foreach (var name in Headers)
        {
            if (http.Request.Headers.TryGetValue(name, out var value))
                request.Headers[name] = value.ToString();
        }

        return request;
    }
}

/// <summary>Metadata of a route that anybody may call and that says itself who is refused: only those requests count as a stranger's. An address that has used its limit up is not heard.</summary>
internal sealed class CountsRefusals
{
    private CountsRefusals()
    {
    }

    public static CountsRefusals Instance { get; } = new();
}
