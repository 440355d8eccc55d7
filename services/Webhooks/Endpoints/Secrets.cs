using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Microservices.Webhooks;

/// <summary>Makes, seals and opens secrets, and signs with them as Standard Webhooks has it. Thread-safe.</summary>
internal sealed class Secrets(IDataProtectionProvider protection)
{
    private const int Bytes = 32;
    private const string Prefix = "whsec_";
    private readonly IDataProtector sealing = protection.CreateProtector("Webhooks.Secret.v1");

    /// <summary>A new secret of an endpoint: as kept, and as its owner is shown it once.</summary>
    public (EndpointSecret Kept, string Shown) New(string endpointId, DateTimeOffset now)
    {
        var secret = RandomNumberGenerator.GetBytes(Bytes);
        var kept = new EndpointSecret { SecretId = Guid.CreateVersion7(now).ToString(), EndpointId = endpointId, Sealed = sealing.Protect(secret), CreateTime = now };
        return (kept, Prefix + Convert.ToBase64String(secret));
    }

    public byte[] Open(EndpointSecret secret) => sealing.Unprotect(secret.Sealed);

    /// <summary>The header <c>webhook-signature</c>: one signature for each secret.</summary>
    public static string Sign(IEnumerable<byte[]> secrets, string messageId, long timestamp, ReadOnlySpan<byte> body)
    {
        var begin = Encoding.UTF8.GetBytes($"{messageId}.{timestamp}.");
        var signed = new byte[begin.Length + body.Length];
        begin.CopyTo(signed, 0);
        body.CopyTo(signed.AsSpan(begin.Length));
        return string.Join(' ', secrets.Select(secret => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(secret, signed))}"));
    }
}
