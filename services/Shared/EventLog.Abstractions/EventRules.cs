using System.Text;

namespace Microservices.EventLog;

/// <summary>
/// What an event may be, in one place. Code that makes an event checks it here, so that one that the log would refuse is never committed; the
/// log checks here, too, and none of its settings makes it refuse what is allowed here.
/// </summary>
public static class EventRules
{
    /// <summary>The largest payload, in bytes, that every log takes: it stays off the large object heap.</summary>
    public const int MaxPayloadBytes = 81_920;

    /// <summary>The longest key, in bytes as UTF-8.</summary>
    public const int MaxKeyBytes = 1_024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>What is wrong with an event; null when nothing is.</summary>
    /// <param name="topic">Its topic.</param>
    /// <param name="key">What it is about; may be empty.</param>
    /// <param name="payloadBytes">How large its payload is.</param>
    /// <param name="maxPayloadBytes">How large it may be.</param>
    public static string? Violation(string topic, string key, int payloadBytes, int maxPayloadBytes = MaxPayloadBytes)
    {
        if (TopicName.Violation(topic) is { } violation)
            return violation;
        if (payloadBytes > maxPayloadBytes)
            return $"An event of {payloadBytes} bytes; at most {maxPayloadBytes} are possible.";
        if (key.Length > MaxKeyBytes || KeyBytes(key) is not { } bytes)
            return key.Length > MaxKeyBytes ? TooLong() : "A key is text without NUL and without half characters.";
        return bytes > MaxKeyBytes ? TooLong() : null;

        static string TooLong() => $"A key has at most {MaxKeyBytes} bytes as UTF-8.";
    }

    /// <summary>Null where it is no text that could be stored.</summary>
    private static int? KeyBytes(string key)
    {
        if (Ascii.IsValid(key) && !key.Contains('\0'))
            return key.Length;
        try
        {
            return key.Contains('\0') ? null : Strict.GetByteCount(key);
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }
}
