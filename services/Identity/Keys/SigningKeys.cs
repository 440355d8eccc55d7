using System.Security.Cryptography;
using Microservices.Persistence;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Identity;

/// <summary>A key that is published, and signs from a time on.</summary>
internal sealed record PublishedKey(long Generation, SigningCredentials Credentials, DateTimeOffset ActiveTime);

/// <summary>
/// The keys that sign tokens (ES256), the same at every replica: rows of the database, sealed by Data Protection. The next one is published for
/// <see cref="IdentityOptions.KeyAnnouncement"/> before it signs, so that whoever checks tokens has it by then, and the last one for as long as its tokens live.
/// Thread-safe.
/// </summary>
internal sealed class SigningKeys(Database<IdentityDbContext> database, IDataProtectionProvider protection, IOptions<IdentityOptions> options, TimeProvider time) : IDisposable
{
    // Beyond a token's life: clocks differ.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    private readonly IDataProtector protector = protection.CreateProtector("signing-key");
    private volatile IReadOnlyList<PublishedKey> current = [];
    private CancellationTokenSource changed = new();

    /// <summary>All that are published, the one that signs first.</summary>
    public IReadOnlyList<PublishedKey> Current => current;

    /// <summary>Signals that they are others now.</summary>
    public IChangeToken Changed => new CancellationChangeToken(Volatile.Read(ref changed).Token);

    /// <summary>Makes the next key when it is time, takes out those that are no longer needed, and reads all.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var rows = await database.ReadAsync(context => ReadAsync(context, cancellationToken), cancellationToken);
        if (IsNextDue(rows, now) || Outdated(rows, now).Any())
        {
            // Before the transaction: sealing may write a key of Data Protection, by a connection of its own.
            var next = NewKey();
            rows = await database.WriteAsync(context => RotateAsync(context, next, now, cancellationToken), cancellationToken);
        }

        // Which one signs changes with the time alone, too.
        var signs = rows.FindLast(row => row.ActiveTime <= now) ?? rows[0];
        long[] order = [signs.Generation, .. rows.Where(row => row != signs).Select(row => row.Generation)];
        if (current.Select(key => key.Generation).SequenceEqual(order))
            return;
        var known = current.ToDictionary(key => key.Generation);
        current = [.. order.Select(generation => known.GetValueOrDefault(generation) ?? Open(rows.Find(row => row.Generation == generation)!))];
        await Interlocked.Exchange(ref changed, new CancellationTokenSource()).CancelAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => changed.Dispose();

    private static Task<List<SigningKeyRow>> ReadAsync(IdentityDbContext context, CancellationToken cancellationToken) =>
        context.SigningKeys.AsNoTracking().OrderBy(key => key.Generation).ToListAsync(cancellationToken);

    private bool IsNextDue(List<SigningKeyRow> rows, DateTimeOffset now) =>
        rows.Count == 0 || now >= rows[^1].ActiveTime + options.Value.KeyLifetime - options.Value.KeyAnnouncement;

    // Those whose successor has signed for longer than a token lives.
    private IEnumerable<SigningKeyRow> Outdated(List<SigningKeyRow> rows, DateTimeOffset now) =>
        rows.Where((_, i) => i + 1 < rows.Count && rows[i + 1].ActiveTime + options.Value.AccessTokenLifetime + Skew < now);

    private async Task<List<SigningKeyRow>> RotateAsync(IdentityDbContext context, byte[] next, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var rows = await ReadAsync(context, cancellationToken);
        long[] outdated = [.. Outdated(rows, now).Select(row => row.Generation)];
        await context.SigningKeys.Where(key => outdated.Contains(key.Generation)).ExecuteDeleteAsync(cancellationToken);
        rows.RemoveAll(row => outdated.Contains(row.Generation));
        if (IsNextDue(rows, now))
        {
            var row = new SigningKeyRow
            {
                Generation = (rows.LastOrDefault()?.Generation ?? 0) + 1,
                KeyId = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(9)),
                Sealed = next,
                // The very first one signs at once: nobody has read a key set without it.
                ActiveTime = rows.Count == 0 ? now : now + options.Value.KeyAnnouncement,
            };
            context.SigningKeys.Add(row);
            rows.Add(row);
        }

        return rows;
    }

    private byte[] NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return protector.Protect(key.ExportPkcs8PrivateKey());
    }

    private PublishedKey Open(SigningKeyRow row)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(protector.Unprotect(row.Sealed), out _);
        return new(row.Generation, new SigningCredentials(new ECDsaSecurityKey(key) { KeyId = row.KeyId }, SecurityAlgorithms.EcdsaSha256), row.ActiveTime);
    }
}
