using System.Diagnostics;

namespace Microservices.Tests.Benchmarks.StreamLoad;

/// <summary>Does what it is told, one thing after the other.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly Arrivals arrivals = new();
    private Subscribers? subscribers;
    private Publisher? publisher;

    public async Task<string> RunAsync(Command command)
    {
        switch (command)
        {
            case Subscribe wanted:
                subscribers = Subscribers.Create(wanted, arrivals);
                await subscribers.OpenAsync();
                return Protocol.Encode(new Done());
            case Mark:
                arrivals.Mark();
                return Protocol.Encode(new Done());
            case Read:
                return Protocol.Encode(arrivals.Read());
            case ReadRecovery asked:
                return Protocol.Encode(arrivals.ReadRecovery(asked));
            case Publish wanted:
                publisher ??= await Publisher.CreateAsync(wanted);
                return Protocol.Encode(await publisher.RunAsync(wanted));
            default:
                throw new UnreachableException();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (subscribers is not null)
            await subscribers.DisposeAsync();
        if (publisher is not null)
            await publisher.DisposeAsync();
    }
}
