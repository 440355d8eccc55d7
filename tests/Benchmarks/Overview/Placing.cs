using System.Diagnostics;
using Microservices.Orders.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Overview;

/// <summary>Places orders at a rate while something else is measured: users taken at random, over one PlaceOrders stream.</summary>
internal sealed class Placing : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    /// <summary>Begins. A rate of 0 places none.</summary>
    public Placing(string address, IReadOnlyList<string> users, int perSecond) =>
        running = perSecond == 0 ? Task.CompletedTask : Task.Run(() => RunAsync(address, users, perSecond));

    /// <summary>Ends, once all orders are answered.</summary>
    /// <exception cref="InvalidOperationException">An order was refused.</exception>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    private async Task RunAsync(string address, IReadOnlyList<string> users, int perSecond)
    {
        using var channel = Tokens.Channel(address, LoadToken.Value);
        using var stream = new OrdersService.OrdersServiceClient(channel).PlaceOrders();
        var answered = Seed.AllPlacedAsync(stream.ResponseStream);
        var since = Stopwatch.StartNew();
        for (var placed = 0L; !stop.IsCancellationRequested;)
        {
            for (; placed < perSecond * since.Elapsed.TotalSeconds; placed++)
                await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "r", Command = Seed.Order(users[Random.Shared.Next(users.Count)], 1) });
            await Task.Delay(Step);
        }

        await stream.RequestStream.CompleteAsync();
        await answered;
    }
}
