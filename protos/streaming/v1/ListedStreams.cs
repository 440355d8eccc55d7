namespace Microservices.Streaming.V1;

/// <summary>A list of open streams, for those that nothing else keeps together. Thread-safe.</summary>
public sealed class ListedStreams : IOpenStreams
{
    private readonly LinkedList<IStreamHandle> _streams = [];

    /// <summary>Those that are open now.</summary>
    public IReadOnlyList<IStreamHandle> All
    {
        get
        {
            lock (_streams)
                return [.. _streams];
        }
    }

    IReadOnlyList<IStreamHandle> IOpenStreams.Open => All;

    /// <summary>Adds a stream until <see cref="Remove"/>.</summary>
    public LinkedListNode<IStreamHandle> Add(IStreamHandle stream)
    {
        lock (_streams)
            return _streams.AddLast(stream);
    }

    /// <summary>It has ended.</summary>
    public void Remove(LinkedListNode<IStreamHandle> stream)
    {
        lock (_streams)
            _streams.Remove(stream);
    }
}
