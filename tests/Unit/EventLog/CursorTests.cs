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

    [Property]
    public void Anything_else_is_refused(string? text) => Assert.False(Cursor.TryParse(text, out _));

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

    [Fact]
    public void A_cursor_says_its_place_and_the_later_counts_when_combined()
    {
        var cursor = Cursor.Combine(Cursor.At("a", "e", 1), Cursor.At("b", "e", 2), Cursor.At("a", "e", 3));

        Assert.True(cursor.TryGetOffset("a", out var epoch, out var offset));
        Assert.Equal(("e", 3L), (epoch, offset));
        Assert.False(cursor.TryGetOffset("c", out _, out _));
    }
}
