using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microservices.Hosting.Auth;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Bff;

/// <summary>
/// Marks what the gateway hands to browsers, so that it knows its own without having kept it: a MAC (HMAC-SHA256) by a secret that follows from the gateway's private key. Each replica has
/// the same, and there is nothing to configure; a gateway without a key keeps no sessions. Thread-safe.
/// </summary>
internal sealed class BffKey(IOptions<AuthOptions> options)
{
    private const string Purpose = "bff";
    private readonly byte[]? secret = options.Value.KeyFile is { } file ? PrivateKey.Derive(file, Purpose) : null;

    /// <summary>Whether there is one.</summary>
    public bool Exists => secret is not null;

    /// <summary>The MAC of texts, in base64url: 43 characters. Texts have no line feeds.</summary>
    public string Mac(string purpose, params ReadOnlySpan<string> texts) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(secret!, Encoding.UTF8.GetBytes($"{purpose}\n{string.Join('\n', texts)}")));

    /// <summary>Whether a MAC is that of texts; it takes as long if not.</summary>
    public bool IsMac(ReadOnlySpan<char> mac, string purpose, params ReadOnlySpan<string> texts)
    {
        var right = Mac(purpose, texts);
        return mac.Length == right.Length
            && CryptographicOperations.FixedTimeEquals(System.Runtime.InteropServices.MemoryMarshal.AsBytes(mac), System.Runtime.InteropServices.MemoryMarshal.AsBytes(right.AsSpan()));
    }
}
