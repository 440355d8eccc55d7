using System.Buffers;
using BenchmarkDotNet.Attributes;
using Microservices.Streaming.Events;

namespace Microservices.Tests.Benchmarks.Micro;

/// <summary>A batch of encoded events of 200 bytes as a frame for one more stream.</summary>
public class EventFrames
{
    private readonly ArrayBufferWriter<byte> output = new(1 << 20);
    private EncodedEvents batch = null!;

    /// <summary>Events in the batch.</summary>
    [Params(1, 100)]
    public int Events { get; set; }

    /// <summary>Makes the batch.</summary>
    [GlobalSetup]
    public void Setup() => batch = new([.. Enumerable.Range(0, Events).Select(_ => (ReadOnlyMemory<byte>)new byte[200])], new string('A', 45));

    /// <summary>Encodes the frame.</summary>
    [Benchmark]
    public int Encode()
    {
        output.ResetWrittenCount();
        EventFrame.Batch(7, batch).WriteTo(output);
        return output.WrittenCount;
    }
}
