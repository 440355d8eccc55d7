using System.Net.Sockets;
using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Gateway.OpenApi;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>The open streams of the suite, over HTTP: operators see them, and have them leave.</summary>
internal static class StreamRoutes
{
    private const string Tag = "Operations";
    private const string Stream = "/v1/streams/{service}/{replica}/{streamId}";

    public static void MapStreams(this WebApplication app)
    {
        app.MapGet("/v1/streams", ServeAsync)
            .StandsFor(StreamsService.Descriptor, "WatchStreams")
            .Describe("watchStreams", Tag, "Follow which streams are open", """
                Server-sent events, for as long as the connection lives. `stream` is one stream of one replica as it is now: first each that is open, then those that have changed. `streams` follows once a second, and says
                which are gone, whether that was all, and of which replicas nothing is heard. At most 1,000 streams are told of, those that lag the most, and 500 of a replica; `leftOut` counts the others. What does not fit into
                about 256 KiB a second waits, and is told as it is by then. Each connection begins with all of it, so there is nothing to resume. `ready` comes first. `end` is the last event, and says why, as in
                `watchUserEvents`. No replica is asked while nobody looks.
                """)
            .AnswersText("text/event-stream", "The events, until `end`.", Examples.StreamsText)
            .Fails();
        app.MapPost($"{Stream}:drain", DrainAsync)
            .StandsFor(StreamsService.Descriptor, "DrainStream")
            .Describe("drainStream", Tag, "Ask the client of a stream to leave", """
                As a process does that is about to stop: an event stream goes on from its last place elsewhere, and nothing is lost or repeated. 422, reason `CANNOT_DRAIN`, for a stream of the kind command or server: end it.
                """)
            .OpenStream()
            .AnswersNothing(204, "It was asked to.")
            .Fails(400, 404, 422);
        app.MapPost($"{Stream}:end", EndAsync)
            .StandsFor(StreamsService.Descriptor, "EndStream")
            .Describe("endStream", Tag, "End a stream", "It ends with an error, after which clients come back. To keep a user away, end the user's sessions.")
            .OpenStream()
            .AnswersNothing(204, "It was told to end.")
            .Fails(400, 404);
    }

    private static async Task ServeAsync(HttpContext http, LatestEvents events, SuiteStreams suite)
    {
        if (HeadRequests.IsHead(http))
        {
            await Events.SseResponse.BeginAsync(http);
            return;
        }

        using var watch = suite.Begin();
        var told = new ToldStreams();
        await events.ServeAsync(http, writer => told.Write(writer, suite.Current()));
    }

    private static Task<IResult> DrainAsync(string service, string replica, string streamId, HttpContext http, SuiteReplicas suite) =>
        AskAsync(service, replica, http, suite, (streams, options) => streams.DrainStreamAsync(new DrainStreamRequest { StreamId = streamId }, options).ResponseAsync);

    private static Task<IResult> EndAsync(string service, string replica, string streamId, HttpContext http, SuiteReplicas suite) =>
        AskAsync(service, replica, http, suite, (streams, options) => streams.EndStreamAsync(new EndStreamRequest { StreamId = streamId }, options).ResponseAsync);

    // In the operator's name: the replica logs whose decision it was. Nothing but a replica of the suite is ever connected to.
    private static async Task<IResult> AskAsync(string service, string replica, HttpContext http, SuiteReplicas suite, Func<StreamsService.StreamsServiceClient, CallOptions, Task> ask)
    {
        if (!Uri.TryCreate($"http://{replica}/", UriKind.Absolute, out var address) || address.Authority != replica)
            throw new InvalidRequestException("replica", "must be an address, such as 10.0.0.7:5002");
        using var held = (await FindAsync(service, replica, suite, http.RequestAborted)).Connect();
        await ask(new StreamsService.StreamsServiceClient(held.Channel), http.CallOptions());
        return TypedResults.NoContent();
    }

    private static async Task<SuiteReplica> FindAsync(string service, string replica, SuiteReplicas suite, CancellationToken cancellationToken)
    {
        try
        {
            return (await suite.FindAsync(service, cancellationToken)).FirstOrDefault(each => each.Address.Authority == replica)
                ?? throw new StatusException(GatewayErrors.Domain.NotFound("gateway.v1.Replica", $"{service}/{replica}"));
        }
        catch (SocketException)
        {
            throw new StatusException(GatewayErrors.Domain.Unavailable("UPSTREAM_UNAVAILABLE", $"The replicas of {service} cannot be found now."));
        }
    }
}
