using Google.Protobuf;

namespace Microservices.Streaming.V1;

/// <summary>Finds what has caused an event.</summary>
public sealed partial class EventCauses
{
    /// <summary>The trace contexts of all that has caused the batch's events.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Contexts => Causes.Select(static cause => cause.TraceContext.Memory);

    /// <summary>The trace context of what has caused the event at this place of the batch; empty where that is not sampled.</summary>
    public ByteString Of(int index)
    {
        foreach (var cause in Causes)
        {
            if (cause.Index == index)
                return cause.TraceContext;
        }

        return ByteString.Empty;
    }
}
