using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>How what a sender has sent is signed, as its headers say. Nothing in the body is looked at. Immutable.</summary>
internal sealed class SenderSignature
{
    private const int MaxHeader = 4 << 10;
    private const int MaxSignatures = 10;
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);
    private readonly byte[] beforeBody;
    private readonly IReadOnlyList<byte[]> signatures;
    private readonly long? time;

    private SenderSignature(string beforeBody, string? time, IEnumerable<byte[]?> signatures)
    {
        this.beforeBody = Encoding.UTF8.GetBytes(beforeBody);
        this.signatures = [.. signatures.OfType<byte[]>().Take(MaxSignatures)];
        if (time is null)
            return;
        if (long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            this.time = seconds;
        else
            this.signatures = [];
    }

    /// <summary>Reads it as a kind of sender writes it; what is not so has no signature.</summary>
    public static SenderSignature Read(SourceKind kind, IDictionary<string, string> headers)
    {
        switch (kind)
        {
            case SourceKind.Github:
                return new("", null, [Hex(Header(headers, "x-hub-signature-256"), "sha256=")]);
            case SourceKind.Stripe:
                var parts = Header(headers, "stripe-signature").Split(',');
                var time = parts.FirstOrDefault(part => part.StartsWith("t=", StringComparison.Ordinal))?[2..] ?? "";
                return new($"{time}.", time, parts.Select(part => Hex(part, "v1=")));
            default:
                var at = Header(headers, "webhook-timestamp");
                return new($"{Header(headers, "webhook-id")}.{at}.", at, Header(headers, "webhook-signature").Split(' ').Select(part => Base64(part, "v1,")));
        }
    }

    /// <summary>Whether one of the signatures is of this body with one of the keys. It takes as long whichever it is, and whether or not it is.</summary>
    public bool IsBy(IReadOnlyList<byte[]> keys, ReadOnlySpan<byte> body)
    {
        var isGood = false;
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (var key in keys)
        {
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
            hmac.AppendData(beforeBody);
            hmac.AppendData(body);
            hmac.GetHashAndReset(expected);
            foreach (var signature in signatures)
                isGood |= CryptographicOperations.FixedTimeEquals(expected, signature);
        }

        return isGood;
    }

    /// <summary>Whether the time that is signed is too far off.</summary>
    public bool IsStale(DateTimeOffset now) => time is { } seconds && Math.Abs((decimal)seconds - now.ToUnixTimeSeconds()) > (decimal)Tolerance.TotalSeconds;

    private static string Header(IDictionary<string, string> headers, string name) => headers.TryGetValue(name, out var value) && value.Length <= MaxHeader ? value : "";

    private static byte[]? Hex(string text, string prefix)
    {
        var signature = new byte[HMACSHA256.HashSizeInBytes];
        return text.StartsWith(prefix, StringComparison.Ordinal) && text.Length == prefix.Length + (2 * signature.Length)
            && Convert.FromHexString(text.AsSpan(prefix.Length), signature, out _, out _) == System.Buffers.OperationStatus.Done ? signature : null;
    }

    private static byte[]? Base64(string text, string prefix)
    {
        var signature = new byte[HMACSHA256.HashSizeInBytes];
        return text.StartsWith(prefix, StringComparison.Ordinal) && Convert.TryFromBase64Chars(text.AsSpan(prefix.Length), signature, out var length) && length == signature.Length ? signature : null;
    }
}
