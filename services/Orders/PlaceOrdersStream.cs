using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Primitives;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Orders;

/// <summary>
/// The command stream. Three loops, each at its own pace: one reads commands into a bounded queue, one takes whatever is queued,
/// places it together and queues the answers, one writes them. So commands that arrive together cost one commit, and a
/// caller that sends without reading is slowed down, never deadlocked.
/// </summary>
internal sealed class PlaceOrdersStream(PlaceOrder place, IStreamAccess access, Drain drain, IErrorMapper errors, IOptions<PlaceOrdersOptions> options, TimeProvider time)
{
    private const int MaxReference = 128;
    internal const string Method = "/orders.v1.OrdersService/PlaceOrders";
    private static readonly WriteOptions Buffered = new(WriteFlags.BufferHint);

    public async Task RunAsync(IAsyncStreamReader<PlaceOrdersRequest> requests, IServerStreamWriter<PlaceOrdersResponse> responses, ServerCallContext context)
    {
        // The caller learns at once that the stream stands.
        await context.WriteResponseHeadersAsync([]);
        var rights = Rights.Of(context);
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var commands = Channel.CreateBounded<PlaceOrdersRequest>(new BoundedChannelOptions(options.Value.QueueLength) { SingleReader = true, SingleWriter = true });
        var answers = Channel.CreateBounded<PlaceOrdersResponse>(new BoundedChannelOptions(options.Value.QueueLength) { SingleReader = true });
        ExceptionDispatchInfo? first = null;

        await Task.WhenAll(
            GuardAsync(ReadAsync(requests, access.Of(context), commands.Writer, failed.Token)),
            GuardAsync(PlaceAsync(commands.Reader, answers.Writer, rights, failed.Token)),
            GuardAsync(WriteAsync(answers.Reader, responses, context, failed.Token)),
            GuardAsync(AnnounceDrainAsync(answers.Writer, commands.Reader.Completion, failed.Token)));
        first?.Throw();

        // A loop that fails takes the others with it; the first failure is the one that is reported.
        async Task GuardAsync(Task loop)
        {
            try
            {
                await loop;
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(exception), null);
                await failed.CancelAsync();
            }
        }
    }

    private async Task ReadAsync(
        IAsyncStreamReader<PlaceOrdersRequest> requests, IStreamRights caller, ChannelWriter<PlaceOrdersRequest> commands, CancellationToken cancellationToken)
    {
        using var window = new CancellationTokenSource();
        using var closing = drain.Token.Register(() => window.CancelAfter(drain.Window));
        var late = Task.Delay(Timeout.InfiniteTimeSpan, window.Token);
        while (true)
        {
            var next = requests.MoveNext(cancellationToken);
            if (await Task.WhenAny(next, late) == late)
            {
                // Nothing more is taken; what was taken is still answered, and then the caller is told that this was not the end.
                commands.Complete(new StatusException(OrderErrors.Domain.Unavailable("DRAINING", "The server is stopping: continue elsewhere.")));
                return;
            }

            if (!await next)
                break;
            if (caller.Ending() is { } ending)
            {
                // What was taken before is still answered; the caller goes on with a newer token, on another stream.
                commands.Complete(new StatusException(ending));
                return;
            }

            await commands.WriteAsync(requests.Current, cancellationToken);
        }

        commands.Complete();
    }

    private async Task PlaceAsync(ChannelReader<PlaceOrdersRequest> commands, ChannelWriter<PlaceOrdersResponse> answers, Rights rights, CancellationToken cancellationToken)
    {
        var batch = new List<PlaceOrdersRequest>();
        try
        {
            while (await commands.WaitToReadAsync(cancellationToken))
            {
                batch.Clear();
                while (batch.Count < options.Value.MaxBatch && commands.TryRead(out var command))
                    batch.Add(command);
                foreach (var answer in await AnswerAsync(batch, rights, cancellationToken))
                    await answers.WriteAsync(answer, cancellationToken);
            }

            answers.Complete();
        }
        catch (StatusException ending)
        {
            answers.Complete(ending);
        }
    }

    private async Task<List<PlaceOrdersResponse>> AnswerAsync(List<PlaceOrdersRequest> batch, Rights rights, CancellationToken cancellationToken)
    {
        var answers = new List<PlaceOrdersResponse>(batch.Count);
        var good = new List<PlaceOrdersRequest>(batch.Count);
        foreach (var command in batch)
        {
            var violations = new FieldViolations();
            violations.CheckText("reference", command.Reference, MaxReference);
            if (command.Command is null)
                violations.Add("command", "is required");
            if (violations.Any)
                answers.Add(new PlaceOrdersResponse { Reference = ErrorBounds.Cut(command.Reference, MaxReference), Error = OrderErrors.Domain.Invalid(violations) });
            else
                good.Add(command);
        }

        var placements = await PlaceAsync(good, rights, cancellationToken);
        answers.AddRange(good.Zip(placements, (command, placement) => placement.Response is { } placed
            ? new PlaceOrdersResponse { Reference = command.Reference, Placed = placed }
            : new PlaceOrdersResponse { Reference = command.Reference, Error = placement.Error }));
        return answers;
    }

    private async Task<Placement[]> PlaceAsync(List<PlaceOrdersRequest> commands, Rights rights, CancellationToken cancellationToken)
    {
        if (commands.Count == 0)
            return [];
        var spans = CommandSpans.Start(commands);
        Placement[]? placements = null;
        try
        {
            return placements = await PlaceAsync(commands, spans, rights, cancellationToken);
        }
        finally
        {
            CommandSpans.Stop(spans, placements);
        }
    }

    private async Task<Placement[]> PlaceAsync(List<PlaceOrdersRequest> commands, IReadOnlyList<Activity?>? spans, Rights rights, CancellationToken cancellationToken)
    {
        try
        {
            return await place.HandleAsync([.. commands.Select(command => command.Command)], rights, cancellationToken, spans);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The database is away, say: each command is told, and the stream goes on.
            var error = errors.ToStatus(exception, Method);
            return [.. commands.Select(_ => (Placement)error)];
        }
    }

    private async Task WriteAsync(
        ChannelReader<PlaceOrdersResponse> answers, IServerStreamWriter<PlaceOrdersResponse> responses, ServerCallContext context, CancellationToken cancellationToken)
    {
        while (await answers.WaitToReadAsync(cancellationToken))
        {
            while (answers.TryRead(out var answer))
            {
                // What is queued goes out together: only the last of it is flushed.
                responses.WriteOptions = answers.TryPeek(out _) ? Buffered : null;
                try
                {
                    await responses.WriteAsync(answer, cancellationToken).WaitAsync(options.Value.WriteTimeout, time, cancellationToken);
                }
                catch (TimeoutException)
                {
                    context.GetHttpContext().CutOff();
                    throw new StatusException(OrderErrors.Domain.Exhausted("SLOW_READER", $"Answers were not read for {options.Value.WriteTimeout.TotalSeconds:0} s."));
                }
            }
        }
    }

    private async Task AnnounceDrainAsync(ChannelWriter<PlaceOrdersResponse> answers, Task finished, CancellationToken cancellationToken)
    {
        // The token is the process's: what a stream registers there goes with the stream.
        var draining = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = drain.Token.UnsafeRegister(static draining => ((TaskCompletionSource)draining!).TrySetResult(), draining);
        if (await Task.WhenAny(draining.Task, finished.WaitAsync(cancellationToken)) == draining.Task)
        {
            try
            {
                await answers.WriteAsync(new PlaceOrdersResponse { Draining = new Draining { ReconnectAfter = new Duration() } }, cancellationToken);
            }
            catch (ChannelClosedException)
            {
                // The last answer has been queued meanwhile: there is nothing left to announce.
            }
        }
    }
}
