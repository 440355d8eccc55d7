using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Gateway.V1;
using Microservices.Hosting;
using Microservices.Hosting.Errors;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Overviews;

/// <summary>The callee's side of the call stream LookupOverviews.</summary>
internal sealed class OverviewCalls(OverviewAggregator overviews, Drain drain, IOptions<GatewayOptions> options, TimeProvider time)
{
    private const int MaxCallsPerFrame = 100;
    private const int TargetFrameBytes = 256 << 10;
    private static readonly TimeSpan MaxReconnectPause = TimeSpan.FromSeconds(2);

    /// <summary>Serves one stream until the caller half-closes, hangs up, or the process has drained.</summary>
    public async Task ServeAsync(
        IAsyncStreamReader<LookupOverviewsRequest> requests, IServerStreamWriter<LookupOverviewsResponse> responses, ServerCallContext context)
    {
        using var stream = new CallStream(overviews, drain, options.Value, time, context);
        await stream.RunAsync(requests, responses);
    }

    /// <summary>
    /// One stream. The reader starts calls, the writer sends what is ready, neither waits for the other. A call holds one of the
    /// announced credits until the frame with its answer is about to be written; so what waits to be written is bounded by the
    /// credit, and answers that hold none (refusals) slow the reader down when the caller does not read.
    /// </summary>
    private sealed class CallStream(OverviewAggregator overviews, Drain drain, GatewayOptions options, TimeProvider time, ServerCallContext context)
        : IDisposable
    {
        private readonly Lock gate = new();
        private readonly Dictionary<ulong, Call> unanswered = [];
        private readonly Channel<Outgoing> outgoing = Channel.CreateBounded<Outgoing>(
            new BoundedChannelOptions(options.CallCredit + MaxCallsPerFrame) { SingleReader = true });
        private readonly CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        private readonly CancellationTokenSource drained = new();

        public async Task RunAsync(IAsyncStreamReader<LookupOverviewsRequest> requests, IServerStreamWriter<LookupOverviewsResponse> responses)
        {
            var writing = WriteAsync(responses);
            var draining = DrainAsync();
            try
            {
                await outgoing.Writer.WriteAsync(new Outgoing(new CallControl { Credit = (uint)options.CallCredit }), ended.Token);
                await ReadAsync(requests);
                await Task.WhenAll(Running());
                outgoing.Writer.Complete();
                await writing;
            }
            finally
            {
                await ended.CancelAsync();
                await Task.WhenAll(Running());
                outgoing.Writer.TryComplete();
                // Each has reported its failure, if it had one, by ending the stream.
                await draining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        public void Dispose()
        {
            ended.Dispose();
            drained.Dispose();
        }

        private async Task ReadAsync(IAsyncStreamReader<LookupOverviewsRequest> requests)
        {
            using var reading = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, drained.Token);
            try
            {
                await foreach (var frame in requests.ReadAllAsync(reading.Token))
                {
                    if (frame.Calls.Count > MaxCallsPerFrame)
                    {
                        var violations = new FieldViolations();
                        violations.Add("calls", $"must be at most {MaxCallsPerFrame}");
                        violations.ThrowIfAny(GatewayErrors.Domain);
                    }

                    foreach (var call in frame.Calls)
                    {
                        if (Start(call) is { } refusal)
                            await outgoing.Writer.WriteAsync(new Outgoing(call.CallId, refusal), reading.Token);
                    }

                    foreach (var id in frame.CancelCallIds)
                        Cancel(id);
                }
            }
            catch (OperationCanceledException) when (drained.IsCancellationRequested && !ended.IsCancellationRequested)
            {
                throw new StatusException(GatewayErrors.Draining);
            }
        }

        private Status? Start(LookupOverviewsCall request)
        {
            lock (gate)
            {
                if (unanswered.ContainsKey(request.CallId))
                    return GatewayErrors.DuplicateCall(request.CallId);
                if (unanswered.Count >= options.CallCredit)
                    return GatewayErrors.BeyondCredit(options.CallCredit);
                var call = new Call(CancellationTokenSource.CreateLinkedTokenSource(ended.Token));
                unanswered.Add(request.CallId, call);
                call.Running = AnswerAsync(request, call);
                return null;
            }
        }

        private async Task AnswerAsync(LookupOverviewsCall request, Call call)
        {
            // Not inside the lock, and not holding up the reader.
            await Task.Yield();
            var result = new LookupOverviewsResult { CallId = request.CallId };
            try
            {
                var timeout = request.TimeoutMs == 0 ? options.MaxTimeout : TimeSpan.FromMilliseconds(request.TimeoutMs);
                var overview = await overviews.GetAsync(
                    OverviewQuery.From(request.Overview ?? new GetOverviewRequest()), options.Deadline(time, timeout), call.Cancellation.Token);
                if (overview.Failure is { } failure)
                    result.Error = failure;
                else
                    result.Overview = overview.ToMessage();
            }
            catch (Exception exception)
            {
                result.Error = GatewayErrors.ToStatus(exception);
            }

            await FinishAsync(call);
            if (!ended.IsCancellationRequested)
                await outgoing.Writer.WriteAsync(new Outgoing(result), ended.Token).AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task WriteAsync(IServerStreamWriter<LookupOverviewsResponse> responses)
        {
            try
            {
                while (await outgoing.Reader.WaitToReadAsync(ended.Token))
                {
                    var frame = new LookupOverviewsResponse();
                    var bytes = 0;
                    while (frame.Results.Count < MaxCallsPerFrame && bytes < TargetFrameBytes && outgoing.Reader.TryRead(out var next))
                        bytes += Add(next, frame);
                    await responses.WriteAsync(frame).WaitAsync(options.StreamWriteTimeout, time, ended.Token);
                }
            }
            catch (TimeoutException)
            {
                // The caller has stopped reading; a write that hangs is only ended by ending the call.
                context.GetHttpContext().Abort();
                throw;
            }
            finally
            {
                await ended.CancelAsync();
            }
        }

        private int Add(Outgoing next, LookupOverviewsResponse frame)
        {
            if (next.Control is { } control)
            {
                frame.Control ??= new CallControl();
                frame.Control.MergeFrom(control);
                return 0;
            }

            frame.Results.Add(next.Result);
            if (next.HoldsCredit)
            {
                lock (gate)
                    unanswered.Remove(next.Result!.CallId);
            }

            return next.Result!.CalculateSize();
        }

        private async Task DrainAsync()
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, drain.Token);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ended.IsCancellationRequested)
                return;

            // Spread over time, so that callers do not come back all at once.
            var pause = Duration.FromTimeSpan(MaxReconnectPause * Random.Shared.NextDouble());
            await outgoing.Writer.WriteAsync(new Outgoing(new CallControl { Draining = new Draining { ReconnectAfter = pause } }), ended.Token);
            await Task.Delay(drain.Window, time, ended.Token);
            await drained.CancelAsync();
        }

        private void Cancel(ulong id)
        {
            lock (gate)
            {
                if (unanswered.TryGetValue(id, out var call) && call is { Finished: false, Cancellation.IsCancellationRequested: false })
                    call.Cancelled = call.Cancellation.CancelAsync();
            }
        }

        // A source is not to be disposed while it is cancelled.
        private async Task FinishAsync(Call call)
        {
            lock (gate)
                call.Finished = true;
            await call.Cancelled;
            call.Cancellation.Dispose();
        }

        private Task[] Running()
        {
            lock (gate)
                return [.. unanswered.Values.Select(call => call.Running)];
        }

        private sealed class Call(CancellationTokenSource cancellation)
        {
            public CancellationTokenSource Cancellation => cancellation;

            public Task Running { get; set; } = Task.CompletedTask;

            public Task Cancelled { get; set; } = Task.CompletedTask;

            public bool Finished { get; set; }
        }

        private readonly record struct Outgoing(LookupOverviewsResult? Result, CallControl? Control, bool HoldsCredit)
        {
            public Outgoing(LookupOverviewsResult answer) : this(answer, null, HoldsCredit: true)
            {
            }

            public Outgoing(ulong callId, Status refusal) : this(new LookupOverviewsResult { CallId = callId, Error = refusal }, null, HoldsCredit: false)
            {
            }

            public Outgoing(CallControl control) : this(null, control, HoldsCredit: false)
            {
            }
        }
    }
}
