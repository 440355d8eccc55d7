using BenchmarkDotNet.Attributes;
using Microservices.EventLog;

namespace Microservices.Tests.Benchmarks.Micro;

/// <summary>A cursor of so many topics, as text: parsed when a subscriber comes back, written with every batch.</summary>
public class Cursors
{
    private string text = "";

    /// <summary>Topics the cursor has a place in: a user's, and a reader of all partitions.</summary>
    [Params(1, 16)]
    public int Topics { get; set; }

    /// <summary>Makes the text.</summary>
    [GlobalSetup]
    public void Setup() => text = New().ToString();

    /// <summary>Parses it, checksum and all.</summary>
    [Benchmark]
    public bool Parse() => Cursor.TryParse(text, out _);

    /// <summary>Writes one.</summary>
    [Benchmark]
    public string Write() => New().ToString();

    private Cursor New() => new([.. Enumerable.Range(0, Topics).Select(i => new CursorEntry((ulong)i * 0x9e3779b97f4a7c15, new Position("01a20440", 123_456 + i, 42)))]);
}
