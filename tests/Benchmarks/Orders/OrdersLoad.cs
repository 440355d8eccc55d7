using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using HdrHistogram;
using Microservices.Orders.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Orders;

/// <summary>Place orders for some seconds, by so many callers at once.</summary>
/// <param name="Address">Orders.</param>
/// <param name="UserIds">Who orders, in turn.</param>
/// <param name="ByStream">Whether a caller has a PlaceOrders stream; else it makes one unary call after the other.</param>
/// <param name="Callers">How many.</param>
/// <param name="Unanswered">How many commands a stream may have unanswered.</param>
/// <param name="Seconds">How long.</param>
internal sealed record OrdersLoadRequest(string Address, string[] UserIds, bool ByStream, int Callers, int Unanswered, double Seconds);

/// <summary>Orders that were answered as placed, and so are durable, by second, and how long each took.</summary>
internal sealed record OrdersLoadResult(double PerSecond, Latencies Latencies, long Failed);

/// <summary>PlaceOrder and PlaceOrders in a closed loop, every command with an idempotency key of its own.</summary>
internal static class OrdersLoad
{
    public static async Task RunAsync(LoadChannel channel, CancellationToken cancellationToken)
    {
        GrpcChannel? grpc = null;
        await channel.ServeAsync<OrdersLoadRequest, OrdersLoadResult>(
            async (request, cancel) =>
            {
                grpc ??= Tokens.Channel(request.Address, LoadToken.Value);
                return await new Run(new(grpc), request).MeasureAsync(cancel);
            },
            cancellationToken);
        grpc?.Dispose();
    }

    private sealed class Run(OrdersService.OrdersServiceClient client, OrdersLoadRequest request)
    {
        private readonly LongConcurrentHistogram _latencies = new(1, 600_000_000, 3);
        private readonly long _end = Stopwatch.GetTimestamp() + (long)(request.Seconds * Stopwatch.Frequency);
        private long _sent;
        private long _inTime;
        private long _failed;

        private bool IsOver => Stopwatch.GetTimestamp() >= _end;

        public async Task<OrdersLoadResult> MeasureAsync(CancellationToken cancellationToken)
        {
            await Task.WhenAll(Enumerable.Range(0, request.Callers).Select(_ => request.ByStream ? StreamAsync(cancellationToken) : CallAsync(cancellationToken)));
            return new(_inTime / request.Seconds, Latencies.Of(_latencies), _failed);
        }

        private async Task CallAsync(CancellationToken cancellationToken)
        {
            while (!IsOver)
            {
                var sent = Stopwatch.GetTimestamp();
                try
                {
                    await client.PlaceOrderAsync(NextOrder(), cancellationToken: cancellationToken);
                    Placed(sent);
                }
                catch (RpcException)
                {
                    Interlocked.Increment(ref _failed);
                }
            }
        }

        private async Task StreamAsync(CancellationToken cancellationToken)
        {
            using var stream = client.PlaceOrders(cancellationToken: cancellationToken);
            using var credit = new SemaphoreSlim(request.Unanswered);
            var sending = SendAsync(stream.RequestStream, credit, cancellationToken);
            await foreach (var answer in stream.ResponseStream.ReadAllAsync(cancellationToken))
            {
                if (answer.Placed is not null)
                    Placed(long.Parse(answer.Reference, System.Globalization.CultureInfo.InvariantCulture));
                else
                    Interlocked.Increment(ref _failed);
                credit.Release();
            }

            await sending;
        }

        private async Task SendAsync(IClientStreamWriter<PlaceOrdersRequest> requests, SemaphoreSlim credit, CancellationToken cancellationToken)
        {
            while (!IsOver)
            {
                await credit.WaitAsync(cancellationToken);
                await requests.WriteAsync(new PlaceOrdersRequest { Reference = $"{Stopwatch.GetTimestamp()}", Command = NextOrder() }, cancellationToken);
            }

            await requests.CompleteAsync();
        }

        private PlaceOrderRequest NextOrder()
        {
            var number = Interlocked.Increment(ref _sent);
            var order = Seed.Order(request.UserIds[number % request.UserIds.Length], 1);
            order.IdempotencyKey = Guid.CreateVersion7().ToString();
            return order;
        }

        private void Placed(long sent)
        {
            if (!IsOver)
                Interlocked.Increment(ref _inTime);
            _latencies.RecordValue(Math.Clamp((long)Stopwatch.GetElapsedTime(sent).TotalMicroseconds, 1, 600_000_000));
        }
    }
}
