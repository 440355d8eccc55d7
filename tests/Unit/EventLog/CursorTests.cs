using FsCheck.Xunit;
using Microservices.EventLog;

namespace Microservices.Tests.Unit.EventLog;

public sealed class CursorTests
{
    [Property]
    public void A_cursor_reads_back_as_it_was_written(bool second, ulong link, long offset)
    {
        var place = new Position("epoch-1", Math.Abs(offset % (1L << 53)), link);
        var cursor = new Cursor(second
            ? [new CursorEntry(Cursor.HashOf("a"), place), new CursorEntry(Cursor.HashOf("b"), Position.Start), new CursorEntry(1, Position.Earliest)]
            : [new CursorEntry(Cursor.HashOf("a"), place)]);

        var text = cursor.ToString();

        Assert.True(Cursor.TryParse(text, out var read));
        Assert.Equal(cursor, read);
        Assert.All(text, c => Assert.True(char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
    }

    [Theory]
    [InlineData("e", 7, "e", 7, true)]
    [InlineData("e", 8, "e", 7, true)]
    [InlineData("e", 6, "e", 7, false)]
    [InlineData("d", 8, "e", 7, false)]
    [InlineData("e", 0, "", 0, true)]
    [InlineData("e", 3, "", 0, true)]
    [InlineData("", 0, "e", 1, false)]
    public void A_cursor_is_at_another_or_after_it_within_one_epoch(string epoch, long offset, string otherEpoch, long otherOffset, bool expected)
    {
        var (one, other) = (Cursor.At("a", epoch, offset), Cursor.At("a", otherEpoch, otherOffset));
        Assert.Equal(expected, one.IsAtOrAfter(other));
        Assert.False(one.IsAtOrAfter(Cursor.Combine(other, Cursor.At("b", "e", 1))));
        Assert.Equal(expected, Cursor.Combine(one, Cursor.At("b", "e", 1)).IsAtOrAfter(other));
    }

    /// <summary>Sealed with the right checksum, so that what is in it is looked at.</summary>
    [Fact]
    public void What_cannot_be_a_place_is_refused_although_its_checksum_is_right()
    {
        byte[] topicAndLink = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
        byte[] good = [1, .. topicAndLink, 43, 2, (byte)'e', (byte)'p'];
        Assert.True(Cursor.TryParse(Seal(good), out var cursor));
        Assert.Equal(new Position("ep", 42, 0x100f0e0d0c0b0a09), cursor.Entries[0].Position);

        byte[][] wrong =
        [
            [2, .. good[1..]],
            .. Enumerable.Range(2, good.Length - 2).Select(cut => good[..cut]),
            [.. good, 1],
            [1, .. topicAndLink, .. Enumerable.Repeat((byte)0x80, 9), 1, 2, (byte)'e', (byte)'p'],
            [1, .. topicAndLink, 43, (byte)(Epoch.MaxLength + 1), .. Enumerable.Repeat((byte)'e', Epoch.MaxLength + 1)],
            [1, .. topicAndLink, 43, 3, (byte)'e', (byte)'p'],
            [1, .. topicAndLink, 43, 2, (byte)'e', (byte)' '],
            [1, .. topicAndLink, 43, 2, (byte)'e', 0xe9],
            [1, .. topicAndLink, 43, 0],
        ];
        Assert.All(wrong, body => Assert.False(Cursor.TryParse(Seal(body), out _), Convert.ToHexString(body)));
        Assert.False(Cursor.TryParse(Seal([]), out _));
    }

    [Property]
    public void A_changed_byte_is_refused_unless_the_checksum_is_made_for_it(ulong link, byte at, byte change)
    {
        var text = new Cursor([new CursorEntry(7, new Position("epoch-1", 1234, link))]).ToString();
        var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(text);
        bytes[at % bytes.Length] ^= (byte)(change | 1);

        Assert.False(Cursor.TryParse(System.Buffers.Text.Base64Url.EncodeToString(bytes), out _));
    }

    [Fact]
    public void Every_change_of_one_character_and_every_cut_is_refused()
    {
        var text = Cursor.At("orders/user/1", "db1", 1234).ToString();
        for (var i = 0; i < text.Length; i++)
        {
            Assert.False(Cursor.TryParse(text[..i], out _));
            var changed = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];
            Assert.False(Cursor.TryParse(changed, out var other) && !other.Equals(Cursor.At("orders/user/1", "db1", 1234)));
        }

        Assert.False(Cursor.TryParse(text + "\n", out _));
        Assert.False(Cursor.TryParse(" " + text, out _));
        Assert.False(Cursor.TryParse(new string('A', Cursor.MaxLength + 1), out _));
    }

    private static string Seal(byte[] body)
    {
        var sum = new byte[4];
        System.IO.Hashing.XxHash32.Hash(body, sum, 0x4556_4c47);
        return System.Buffers.Text.Base64Url.EncodeToString([.. body, .. sum]);
    }

    [Fact]
    public void A_cursor_says_its_place_and_the_later_counts_when_combined()
    {
        var cursor = Cursor.Combine(Cursor.At("a", "e", 1), Cursor.At("b", "e", 2), Cursor.At("a", "e", 3));

        Assert.True(cursor.TryGetOffset("a", out var epoch, out var offset));
        Assert.Equal(("e", 3L), (epoch, offset));
        Assert.False(cursor.TryGetOffset("c", out _, out _));
    }
}
