using System.Security.Cryptography;
using System.Text;
using Microservices.Hosting.Errors;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>What secrets each kind of sender has, as text and as the key that they are.</summary>
internal static class SourceSecrets
{
    private const int MinBytes = 24;
    private const int MaxBytes = 64;
    private const int MinLength = 24;
    private const int MaxLength = 256;
    private const int MinDifferent = 8;

    /// <summary>Whether the sender alone makes its secrets.</summary>
    public static bool AreGiven(SourceKind kind) => kind == SourceKind.Stripe;

    /// <summary>Checks one that the sender has made.</summary>
    public static void CheckSecret(this FieldViolations violations, string field, SourceKind kind, string text)
    {
        if (kind == SourceKind.Standard)
        {
            if (!text.StartsWith(Secrets.Prefix, StringComparison.Ordinal) || KeyOf(kind, text) is not { Length: >= MinBytes and <= MaxBytes })
                violations.Add(field, $"must be {Secrets.Prefix} and base64 of {MinBytes} to {MaxBytes} bytes");
        }
        else if (text.Length is < MinLength or > MaxLength || text.Any(c => c is < ' ' or > '~') || text.Distinct().Count() < MinDifferent)
        {
            violations.Add(field, $"must be {MinLength} to {MaxLength} printable ASCII characters, {MinDifferent} different ones at least");
        }
    }

    /// <summary>A new one, as text.</summary>
    public static string New(SourceKind kind)
    {
        var secret = RandomNumberGenerator.GetBytes(Secrets.Bytes);
        return kind == SourceKind.Standard ? Secrets.Prefix + Convert.ToBase64String(secret) : Convert.ToHexStringLower(secret);
    }

    /// <summary>The key that one is; null when it is not as its kind has them.</summary>
    public static byte[]? KeyOf(SourceKind kind, string text)
    {
        if (kind != SourceKind.Standard)
            return Encoding.ASCII.GetBytes(text);
        var key = new byte[MaxBytes];
        return Convert.TryFromBase64Chars(text.AsSpan(Secrets.Prefix.Length), key, out var length) ? key[..length] : null;
    }
}
