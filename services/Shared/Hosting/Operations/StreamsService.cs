using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Operations.V1;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Logging;

namespace Microservices.Hosting.Operations;

/// <summary>Shows operators the streams that the process has open, and ends them.</summary>
internal sealed partial class StreamsService(StreamSampler sampler, Watches watches, ILogger<StreamsService> logger) : Microservices.Operations.V1.StreamsService.StreamsServiceBase
{
    public override async Task WatchStreams(WatchStreamsRequest request, IServerStreamWriter<WatchStreamsResponse> responseStream, ServerCallContext context)
    {
        var violations = new FieldViolations();
        if (request.MaxStreams < 0)
            violations.Add("max_streams", "must not be negative");
        violations.ThrowIfAny(Watches.Errors);
        using var watch = watches.Begin(responseStream, context);
        await context.WriteResponseHeadersAsync([]);
        var view = new StreamsView(request);
        while (true)
        {
            foreach (var frame in view.Next(sampler.Current()))
                await watch.WriteAsync(frame);
            await watch.WaitAsync(StreamSampler.Interval);
        }
    }

    public override Task<EndStreamResponse> EndStream(EndStreamRequest request, ServerCallContext context)
    {
        Find(request.StreamId, out var what).End(request.ForGood);
        LogEnded(Rights.Of(context).Caller, what.StreamId, what.Method, what.User);
        return Task.FromResult(new EndStreamResponse());
    }

    public override Task<DrainStreamResponse> DrainStream(DrainStreamRequest request, ServerCallContext context)
    {
        if (!Find(request.StreamId, out var what).TryDrain())
            throw new StatusException(Watches.Errors.FailedPrecondition("CANNOT_DRAIN", what.StreamId, "The client of this stream cannot be asked to leave: end it."));
        LogDrained(Rights.Of(context).Caller, what.StreamId, what.Method, what.User);
        return Task.FromResult(new DrainStreamResponse());
    }

    private IStreamHandle Find(string id, out OpenStream what)
    {
        var violations = new FieldViolations();
        violations.CheckText("stream_id", id, 128);
        violations.ThrowIfAny(Watches.Errors);
        var stream = sampler.Find(id);
        what = stream?.Describe() ?? throw new StatusException(Watches.Errors.NotFound("operations.v1.OpenStream", id));
        return stream;
    }

    [LoggerMessage(LogLevel.Information, "{Operator} ended the stream {StreamId} of {Method}, which was {User}'s")]
    private partial void LogEnded(string @operator, string streamId, string method, string user);

    [LoggerMessage(LogLevel.Information, "{Operator} had the stream {StreamId} of {Method} drained, which was {User}'s")]
    private partial void LogDrained(string @operator, string streamId, string method, string user);
}
