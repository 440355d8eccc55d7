using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Microservices.EventLog;

/// <summary>The life of a topic's numbering: offsets of different epochs do not compare, and a log that is appended to with another one begins anew.</summary>
public static class Epoch
{
    /// <summary>The longest epoch, in characters.</summary>
    public const int MaxLength = 32;

    private const int NewBytes = 9;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>One that never was: 12 random characters.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(NewBytes));

    /// <summary>Whether it is 1 to <see cref="MaxLength"/> of the characters A-Z a-z 0-9 - _.</summary>
    public static bool IsValid(string epoch) => epoch.Length is > 0 and <= MaxLength && !epoch.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>What is wrong with it; null when nothing is.</summary>
    public static string? Violation(string epoch) =>
        IsValid(epoch) ? null : $"An epoch is 1 to {MaxLength} of the characters A-Z a-z 0-9 - _; not '{epoch}'.";

    /// <summary>Throws unless <see cref="IsValid"/>.</summary>
    /// <exception cref="ArgumentException">It is not allowed.</exception>
    public static void ThrowIfInvalid(string epoch)
    {
        if (Violation(epoch) is { } violation)
            throw new ArgumentException(violation, nameof(epoch));
    }
}
