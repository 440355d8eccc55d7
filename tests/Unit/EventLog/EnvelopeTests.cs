using System.Text;
using FsCheck.Xunit;
using Microservices.EventLog;

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
    public void What_is_not_an_event_is_refused(byte[] bytes) => Assert.False(Envelope.TryParse("t", "", bytes, out _));

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
