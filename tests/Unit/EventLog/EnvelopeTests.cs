using System.Text;
using FsCheck.Xunit;
using Microservices.EventLog;
using Microservices.Primitives;

namespace Microservices.Tests.Unit.EventLog;

public sealed class EnvelopeTests
{
    [Property]
    public void What_is_appended_is_what_is_read(byte[] payload, char[] key)
    {
        // Not every string of chars is text; what is not becomes a replacement character on the way.
        var text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(key));
        var tail = Envelope.EncodeTail(NewEvent.Transient("t", payload, text), 1234);
        byte[] entry = [.. Encoding.ASCII.GetBytes("ep 42 00000000000000ff 0 "), .. tail];

        Assert.True(Envelope.TryParse("t", "ep", entry, out var e));

        Assert.Equal(("ep", 42L, 255UL, 0UL, 1234L), (e.Epoch, e.Offset, e.Id, e.Link, e.AppendedAtMs));
        Assert.Equal(text, e.Key);
        Assert.Equal(payload, e.Payload.ToArray());
    }

    [Property]
    public void The_trace_context_of_a_cause_comes_along_and_costs_nothing_where_there_is_none(byte[] payload, byte[] context)
    {
        byte[] trace = [.. context.Concat(new byte[TraceContext.Length]).Take(TraceContext.Length)];
        var told = NewEvent.Transient("t", payload, "key");
        byte[] entry = [.. "ep 42 00000000000000ff 0 "u8, .. Envelope.EncodeTail(told with { TraceContext = trace }, 1234)];

        Assert.True(Envelope.TryParse("t", "ep", entry, out var e));

        Assert.Equal(trace, e.TraceContext.ToArray());
        Assert.Equal(("key", 1234L), (e.Key, e.AppendedAtMs));
        Assert.Equal(payload, e.Payload.ToArray());
        Assert.Equal([.. "1234 3 key"u8, .. payload], Envelope.EncodeTail(told, 1234));
        Assert.False(Envelope.TryParse("t", "ep", entry.AsMemory(0, entry.Length - payload.Length - 1), out _));
    }

    /// <summary>A valid event is changed in one place: each word of its header made another kind of word, or cut, or the rest cut.</summary>
    [Property]
    public void A_header_with_one_word_that_cannot_be_is_refused(byte[] payload, byte which, byte how, byte cut)
    {
        string[] words = ["ep", "42", "00000000000000ff", "00000000000000fe", "1234", "3"];
        string[][] wrong =
        [
            ["", new('e', Epoch.MaxLength + 1)],
            ["", "0", "-1", "x", "42x", "99999999999999999999"],
            ["", "0", "0000000000000000", "xyz", "ff ff", "1ffffffffffffffff"],
            ["", "xyz", "-1", "1ffffffffffffffff"],
            ["", "x", "12 34", "99999999999999999999"],
            ["", "x", "-1", "+", "3-", $"{payload.Length + 4}", $"{payload.Length}+", "99999999999999999999"],
        ];
        byte[] rest = [.. "key"u8, .. payload];
        Assert.True(Envelope.TryParse("t", "ep", Entry(words, rest), out _));

        var word = which % words.Length;
        words[word] = wrong[word][how % wrong[word].Length];
        Assert.False(Envelope.TryParse("t", "ep", Entry(words, rest), out _), string.Join(' ', words));

        var header = Entry(["ep", "42", "00000000000000ff", "00000000000000fe", "1234", "3"], "key"u8);
        Assert.False(Envelope.TryParse("t", "ep", header.AsMemory(0, cut % header.Length), out _));

        static byte[] Entry(string[] words, ReadOnlySpan<byte> rest) => [.. Encoding.ASCII.GetBytes(string.Join(' ', words) + " "), .. rest];
    }

    [Theory]
    [InlineData("ep 0 1 0 1 0 ")]
    [InlineData("ep 1 0 0 1 0 ")]
    [InlineData("ep 1 1 0 1 5 abc")]
    [InlineData("ep 1 1 0 1 -1 abc")]
    [InlineData(" 1 1 0 1 0 abc")]
    public void A_header_that_cannot_be_is_refused(string entry) => Assert.False(Envelope.TryParse("t", "", Encoding.ASCII.GetBytes(entry), out _));

    [Fact]
    public void A_durable_id_depends_on_everything_and_on_nothing_else()
    {
        ulong[] ids =
        [
            Envelope.DurableId("e", 1, "k", [1]), Envelope.DurableId("f", 1, "k", [1]), Envelope.DurableId("e", 2, "k", [1]),
            Envelope.DurableId("e", 1, "l", [1]), Envelope.DurableId("e", 1, "k", [2]), Envelope.DurableId("ek", 1, "", [1]),
        ];

        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.Equal(Envelope.DurableId("e", 1, null, [1]), Envelope.DurableId("e", 1, "", [1]));
    }
}
