using System.Buffers;

namespace Microservices.EventLog;

/// <summary>Which names topics may have: nothing that could change a Redis key's hash tag or the envelope's header.</summary>
public static class TopicName
{
    /// <summary>The longest topic, in characters.</summary>
    public const int MaxLength = 200;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-_.:@");

    /// <summary>Whether it is 1 to <see cref="MaxLength"/> of the characters A-Z a-z 0-9 / - _ . : @.</summary>
    public static bool IsValid(string topic) => topic.Length is > 0 and <= MaxLength && !topic.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>What is wrong with it; null when nothing is.</summary>
    public static string? Violation(string topic) =>
        IsValid(topic) ? null : $"A topic is 1 to {MaxLength} of the characters A-Z a-z 0-9 / - _ . : @; not '{topic}'.";

    /// <summary>Throws unless <see cref="IsValid"/>.</summary>
    /// <exception cref="ArgumentException">It is not allowed.</exception>
    public static void ThrowIfInvalid(string topic)
    {
        if (Violation(topic) is { } violation)
            throw new ArgumentException(violation, nameof(topic));
    }
}
