using System.Diagnostics;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>Subscribers or a publisher of the stream scenarios, as it is told; one thing after the other.</summary>
internal sealed class StreamLoad : IAsyncDisposable
{
    private readonly Arrivals arrivals = new();
    private Subscribers? subscribers;
    private Publisher? publisher;

    public static async Task RunAsync(LoadChannel channel, CancellationToken cancellationToken)
    {
        await using var load = new StreamLoad();
        await channel.ServeAsync<StreamRequest, object>((request, _) => load.AnswerAsync(request.Command), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (subscribers is not null)
            await subscribers.DisposeAsync();
        if (publisher is not null)
            await publisher.DisposeAsync();
    }

    private async Task<object> AnswerAsync(StreamCommand command)
    {
        switch (command)
        {
            case Subscribe wanted:
                subscribers = Subscribers.Create(wanted, arrivals);
                await subscribers.OpenAsync();
                return new Done();
            case Mark:
                arrivals.Mark();
                return new Done();
            case Read:
                return arrivals.Read();
            case ReadRecovery asked:
                return arrivals.ReadRecovery(asked);
            case Publish wanted:
                publisher ??= await Publisher.CreateAsync(wanted);
                return await publisher.RunAsync(wanted);
            default:
                throw new UnreachableException();
        }
    }
}
