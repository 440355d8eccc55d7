using System.Buffers;

namespace Microservices.EventLog;

/// <summary>Which names topics and epochs may have: nothing that could change a Redis key's hash tag or the envelope's header.</summary>
internal static class TopicName
{
    public const int MaxLength = 200;
    public const int MaxEpochLength = 32;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-_.:@");

    private static readonly SearchValues<char> AllowedInEpoch =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static bool IsValidEpoch(string epoch) =>
        epoch.Length is > 0 and <= MaxEpochLength && !epoch.AsSpan().ContainsAnyExcept(AllowedInEpoch);

    public static void ThrowIfInvalid(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        if (topic.Length is 0 or > MaxLength || topic.AsSpan().ContainsAnyExcept(Allowed))
            throw new ArgumentException($"A topic is 1 to {MaxLength} of the characters A-Z a-z 0-9 / - _ . : @; not '{topic}'.", nameof(topic));
    }

    public static void ThrowIfInvalidEpoch(string epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        if (!IsValidEpoch(epoch))
            throw new ArgumentException($"An epoch is 1 to {MaxEpochLength} of the characters A-Z a-z 0-9 - _; not '{epoch}'.", nameof(epoch));
    }
}
