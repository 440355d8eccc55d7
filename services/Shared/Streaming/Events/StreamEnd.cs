namespace Microservices.Streaming.Events;

/// <summary>What ends an event stream at the server, or brings its end nearer.</summary>
[Flags]
internal enum StreamEvents
{
    /// <summary>Reading failed: the client sent what is not allowed, or is gone.</summary>
    Broken = 1,

    /// <summary>The client sends no more.</summary>
    HalfClosed = 2,

    /// <summary>The client has said nothing for too long.</summary>
    Silent = 4,

    /// <summary>The client does not read: a write has taken too long.</summary>
    Stalled = 8,

    /// <summary>The stream is old.</summary>
    Aged = 16,

    /// <summary>The process is about to leave.</summary>
    Drained = 32,

    /// <summary>The client was told to leave and has not done so in time.</summary>
    TimeUp = 64,

    /// <summary>The server reads no more.</summary>
    Over = 128,

    /// <summary>The caller may not stay: its token has expired, say.</summary>
    Unwelcome = 256,

    /// <summary>An operator asks the client to leave.</summary>
    Asked = 512,

    /// <summary>An operator has ended it; the client may come back.</summary>
    Ended = 1024,

    /// <summary>An operator has ended it, and the client is not to come back.</summary>
    Barred = 2048,

    /// <summary>Nothing of it is left but what its method returns.</summary>
    Gone = 4096,

    /// <summary>No request comes any more.</summary>
    ReadingEnded = Broken | HalfClosed,

    /// <summary>The client is to be told to leave.</summary>
    Leaving = Aged | Drained | Asked,

    /// <summary>An operator has ended it.</summary>
    Stopped = Ended | Barred,
}

/// <summary>
/// What has happened to one event stream. It is also the one signal that its session waits for: set when something happens here, and by
/// the stream's writer and its subscriptions when they end. Thread-safe.
/// </summary>
internal sealed class StreamEnd : SingleWaiterAutoResetEvent
{
    private int _happened;

    /// <summary>Whether any of these has happened.</summary>
    internal bool Has(StreamEvents any) => (Volatile.Read(ref _happened) & (int)any) != 0;

    /// <summary>It has happened, and stays so.</summary>
    internal void Raise(StreamEvents what)
    {
        if ((Interlocked.Or(ref _happened, (int)what) & (int)what) == 0)
            Set();
    }
}
