using Google.Protobuf;

namespace Microservices.Jobs;

/// <summary>The messages between a process and its worker, each after its length. One reader and one writer at a time.</summary>
internal static class WorkerFrames
{
    private const int MaxBytes = 1 << 20;

    public static void Write(Stream stream, IMessage message)
    {
        // At once, since whoever reads may look in between.
        using var frame = new MemoryStream();
        message.WriteDelimitedTo(frame);
        stream.Write(frame.GetBuffer(), 0, (int)frame.Length);
        stream.Flush();
    }

    /// <summary>The next message; null at the end of the stream, within a message too: whoever wrote it has died.</summary>
    /// <exception cref="InvalidDataException">What comes is no message.</exception>
    public static T? Read<T>(Stream stream, MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        var (length, shift) = (0L, 0);
        int next;
        do
        {
            next = stream.ReadByte();
            if (next < 0)
                return null;
            length |= (long)(next & 0x7f) << shift;
            shift += 7;
        }
        while (next >= 0x80 && shift < 32);
        if (length is < 0 or > MaxBytes)
            throw new InvalidDataException($"A message of {length} bytes is none of the worker's.");
        var bytes = new byte[length];
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            return null;
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new InvalidDataException("What comes is no message of the worker's.", exception);
        }
    }
}
