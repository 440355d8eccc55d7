using System.Buffers;
using System.Text;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>
/// Finds in the bytes of an event, or of a frame of WatchOrders, what is measured, and makes nothing of the rest: a subscriber that
/// costs little leaves the machine to the servers, whoever they are.
/// </summary>
internal ref struct Scanner(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    /// <summary>The number and the due time of an OrderEvent.</summary>
    public static (long Sequence, long Due) Event(ReadOnlySpan<byte> bytes)
    {
        var (sequence, due) = (0L, 0L);
        var fields = new Scanner(bytes);
        while (fields.Next(out var field, out var value, out _))
        {
            if (field == 2)
                sequence = VersionOf(value);
            else if (field == 3)
                due = TicksOf(value);
        }

        return (sequence, due);
    }

    /// <summary>The user of an OrderEvent.</summary>
    public static string UserOf(ReadOnlySpan<byte> bytes)
    {
        var fields = new Scanner(bytes);
        while (fields.Next(out var field, out var order, out _))
        {
            var inner = new Scanner(order);
            while (field == 2 && inner.Next(out var one, out var user, out _))
            {
                if (one == 2)
                    return Encoding.UTF8.GetString(user);
            }
        }

        throw new InvalidDataException("An event of nobody.");
    }

    /// <summary>Hands on the events of a frame; says whether it was the first of its subscription.</summary>
    public static bool Frame(in ReadOnlySequence<byte> sequence, Subscription[] subscriptions)
    {
        var now = DateTime.UtcNow.Ticks;
        var fields = new Scanner(sequence.IsSingleSegment ? sequence.FirstSpan : sequence.ToArray());
        var stands = false;
        while (fields.Next(out var field, out var value, out _))
        {
            // A reset (3) goes on; what it leaves out does not come, and so is lost.
            if (field is 4 or 5)
                throw new InvalidDataException($"The stream failed or drained: field {field}.");
            stands |= field == 1;
            if (field == 2)
                Batch(value, subscriptions, now);
        }

        return stands;
    }

    private static void Batch(ReadOnlySpan<byte> batch, Subscription[] subscriptions, long now)
    {
        Subscription? subscription = null;
        var fields = new Scanner(batch);
        while (fields.Next(out var field, out var value, out var number))
        {
            if (field == 1)
                subscription = subscriptions[number - 1];
            if (field != 3)
                continue;
            var (sequence, due) = Event(value);
            subscription!.Add(sequence, due, now);
        }
    }

    private static long VersionOf(ReadOnlySpan<byte> order)
    {
        var fields = new Scanner(order);
        while (fields.Next(out var field, out _, out var number))
        {
            if (field == 6)
                return number;
        }

        return 0;
    }

    private static long TicksOf(ReadOnlySpan<byte> timestamp)
    {
        var (seconds, nanos) = (0L, 0L);
        var fields = new Scanner(timestamp);
        while (fields.Next(out var field, out _, out var number))
        {
            if (field == 1)
                seconds = number;
            else
                nanos = number;
        }

        return DateTime.UnixEpoch.Ticks + (seconds * TimeSpan.TicksPerSecond) + (nanos / 100);
    }

    private bool Next(out int field, out ReadOnlySpan<byte> value, out long number)
    {
        field = 0;
        value = default;
        number = 0;
        if (rest.IsEmpty)
            return false;
        var tag = Varint();
        field = (int)(tag >> 3);
        number = Varint();
        if ((tag & 7) == 2)
        {
            value = rest[..(int)number];
            rest = rest[(int)number..];
        }

        return true;
    }

    private long Varint()
    {
        long result = 0;
        for (var i = 0; ; i++)
        {
            result |= (long)(rest[i] & 0x7f) << (7 * i);
            if (rest[i] >= 0x80)
                continue;
            rest = rest[(i + 1)..];
            return result;
        }
    }
}
