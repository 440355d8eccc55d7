namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>Streams that follow topics.</summary>
internal abstract class Subscribers(Subscribe wanted, Arrivals arrivals) : IAsyncDisposable
{
    private const int OpeningAtATime = 32;

    /// <summary>How often a client says that it is there, whatever the transport: SignalR's default.</summary>
    protected static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static Subscribers Create(Subscribe wanted, Arrivals arrivals) => wanted.Transport switch
    {
        Transport.SignalR => new SignalRSubscribers(wanted, arrivals),
        Transport.EventStreamClient => new ClientSubscribers(wanted, arrivals),
        _ => new GrpcSubscribers(wanted, arrivals),
    };

    /// <summary>Returns when every subscription stands.</summary>
    public async Task OpenAsync()
    {
        var streams = Enumerable.Range(0, wanted.Streams)
            .Select(stream => (Address: wanted.Addresses[stream % wanted.Addresses.Length], Topics: Enumerable.Range(0, wanted.TopicsOfEach)
                .Select(i => (Topic.Name(((stream * wanted.TopicsOfEach) + i) % wanted.Topics), arrivals.Add())).ToArray()))
            .ToArray();
        await Parallel.ForEachAsync(streams, new ParallelOptions { MaxDegreeOfParallelism = OpeningAtATime }, async (stream, _) =>
            await OpenAsync(stream.Address, stream.Topics));
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>Opens one stream, and returns when what it follows stands.</summary>
    protected abstract Task OpenAsync(string address, (string Topic, Subscription Subscription)[] topics);
}
