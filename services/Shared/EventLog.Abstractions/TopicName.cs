using System.Buffers;

namespace Microservices.EventLog;

/// <summary>Which names topics and epochs may have: nothing that could change a Redis key's hash tag or the envelope's header.</summary>
public static class TopicName
{
    /// <summary>The longest topic, in characters.</summary>
    public const int MaxLength = 200;

    /// <summary>The longest epoch, in characters.</summary>
    public const int MaxEpochLength = 32;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-_.:@");

    private static readonly SearchValues<char> AllowedInEpoch =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Whether it is 1 to <see cref="MaxLength"/> of the characters A-Z a-z 0-9 / - _ . : @.</summary>
    public static bool IsValid(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return topic.Length is > 0 and <= MaxLength && !topic.AsSpan().ContainsAnyExcept(Allowed);
    }

    /// <summary>Whether it is 1 to <see cref="MaxEpochLength"/> of the characters A-Z a-z 0-9 - _.</summary>
    public static bool IsValidEpoch(string epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        return epoch.Length is > 0 and <= MaxEpochLength && !epoch.AsSpan().ContainsAnyExcept(AllowedInEpoch);
    }

    /// <summary>Throws unless <see cref="IsValid"/>.</summary>
    /// <exception cref="ArgumentException">It is not allowed.</exception>
    public static void ThrowIfInvalid(string topic)
    {
        if (!IsValid(topic))
            throw new ArgumentException($"A topic is 1 to {MaxLength} of the characters A-Z a-z 0-9 / - _ . : @; not '{topic}'.", nameof(topic));
    }

    /// <summary>Throws unless <see cref="IsValidEpoch"/>.</summary>
    /// <exception cref="ArgumentException">It is not allowed.</exception>
    public static void ThrowIfInvalidEpoch(string epoch)
    {
        if (!IsValidEpoch(epoch))
            throw new ArgumentException($"An epoch is 1 to {MaxEpochLength} of the characters A-Z a-z 0-9 - _; not '{epoch}'.", nameof(epoch));
    }
}
