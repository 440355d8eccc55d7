using System.Security.Cryptography;
using System.Text;
using Microservices.Hosting.Errors;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>Makes, seals and opens the secrets of endpoints and sources, and signs with them as Standard Webhooks has it. Thread-safe.</summary>
internal sealed class Secrets(IDataProtectionProvider protection)
{
    /// <summary>How many bytes a new one has.</summary>
    public const int Bytes = 32;

    /// <summary>What begins one of Standard Webhooks, before its bytes in base64.</summary>
    public const string Prefix = "whsec_";

    private const int MaxSecrets = 3;
    private readonly IDataProtector sealing = protection.CreateProtector("Webhooks.Secret.v1");

    /// <summary>A new secret of an endpoint: as kept, and as its owner is shown it once.</summary>
    public (KeptSecret Kept, string Shown) New(string endpointId, DateTimeOffset now)
    {
        var secret = RandomNumberGenerator.GetBytes(Bytes);
        return (Keep(endpointId, secret, now), Prefix + Convert.ToBase64String(secret));
    }

    /// <summary>A secret, sealed.</summary>
    public KeptSecret Keep(string holderId, byte[] secret, DateTimeOffset now) =>
        new() { SecretId = Guid.CreateVersion7(now).ToString(), HolderId = holderId, Sealed = sealing.Protect(secret), CreateTime = now };

    public byte[] Open(KeptSecret secret) => sealing.Unprotect(secret.Sealed);

    /// <summary>The secrets of some holders that are good now.</summary>
    public static Task<List<KeptSecret>> GoodAsync(WebhooksDbContext context, IReadOnlyCollection<string> holderIds, DateTimeOffset now, CancellationToken cancellationToken) =>
        context.Secrets.Where(s => holderIds.Contains(s.HolderId) && (s.ExpireTime == null || s.ExpireTime > now)).ToListAsync(cancellationToken);

    /// <summary>Has a new secret be good from now on, and those that its holder has for a while beside it.</summary>
    /// <returns>Those that are good now.</returns>
    /// <exception cref="StatusException">TOO_MANY_SECRETS.</exception>
    public static async Task<List<KeptSecret>> RotateAsync(WebhooksDbContext context, KeptSecret secret, TimeSpan overlap, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await context.Secrets.Where(s => s.HolderId == secret.HolderId && s.ExpireTime <= now).ExecuteDeleteAsync(cancellationToken);
        var old = await context.Secrets.Where(s => s.HolderId == secret.HolderId).ToListAsync(cancellationToken);
        if (old.Count >= MaxSecrets && overlap > TimeSpan.Zero)
            throw new StatusException(WebhooksErrors.Domain.FailedPrecondition("TOO_MANY_SECRETS", secret.HolderId, $"{MaxSecrets} secrets are good already: wait until one has expired, or rotate with an overlap of 0."));
        if (overlap == TimeSpan.Zero)
            context.RemoveRange(old);
        foreach (var each in old.Where(s => s.ExpireTime is null || s.ExpireTime > now + overlap))
            each.ExpireTime = now + overlap;
        context.Add(secret);
        return [secret, .. old.Where(s => s.ExpireTime > now)];
    }

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
