using System.Security.Cryptography;
using System.Text;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Identity;

/// <summary>
/// How long whoever has failed must wait: after five failures a second, then twice as long each time, up to half a minute for an account and five minutes for an
/// address. Nobody is ever locked out: a wait ends by itself, and failures are forgotten a quarter of an hour after the last. The counts are in
/// the database, so that all replicas have the same. Thread-safe.
/// </summary>
internal sealed class Backoff(Database<IdentityDbContext> database, TimeProvider time)
{
    private const int FreeAttempts = 5;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxAccountDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxAddressDelay = TimeSpan.FromMinutes(5);

    /// <summary>How long failures count.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(15);

    /// <summary>The key of an account, whether or not there is one.</summary>
    public static string AccountKey(string emailKey) => $"account:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(emailKey)))}";

    /// <summary>The key of an address.</summary>
    public static string AddressKey(string address) => $"address:{address}";

    /// <summary>The key of registrations from an address.</summary>
    public static string RegistrationKey(string address) => $"register:{address}";

    /// <summary>How long to wait before the next attempt by any of the keys; zero when it may be made now.</summary>
    public async Task<TimeSpan> DelayAsync(string[] keys, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var found = await database.ReadAsync(context => context.FailedAttempts.Where(a => keys.Contains(a.Key)).ToListAsync(cancellationToken), cancellationToken);
        return found.Select(attempts => DelayOf(attempts, now)).Append(TimeSpan.Zero).Max();
    }

    /// <summary>Counts an attempt, in the transaction of what is told of it.</summary>
    public async Task CountAsync(IdentityDbContext context, string[] keys, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var found = await context.FailedAttempts.Where(a => keys.Contains(a.Key)).ToDictionaryAsync(a => a.Key, cancellationToken);
        foreach (var key in keys)
        {
            if (!found.TryGetValue(key, out var attempts))
                context.FailedAttempts.Add(attempts = new FailedAttempts { Key = key });
            attempts.Count = now - attempts.LastTime > Memory ? 1 : attempts.Count + 1;
            attempts.LastTime = now;
        }
    }

    /// <summary>Forgets an account's failures, since its owner has come. Those of an address stay: else whoever has an account could guess others' at will.</summary>
    public static Task<int> ForgetAsync(IdentityDbContext context, string accountKey, CancellationToken cancellationToken) =>
        context.FailedAttempts.Where(a => a.Key == accountKey).ExecuteDeleteAsync(cancellationToken);

    private static TimeSpan DelayOf(FailedAttempts attempts, DateTimeOffset now)
    {
        if (attempts.Count < FreeAttempts || now - attempts.LastTime > Memory)
            return TimeSpan.Zero;
        var most = attempts.Key.StartsWith("account:", StringComparison.Ordinal) ? MaxAccountDelay : MaxAddressDelay;
        // Beyond this many doublings it is the most in any case.
        var delay = FirstDelay * Math.Pow(2, Math.Min(attempts.Count - FreeAttempts, 20));
        var left = attempts.LastTime + (delay < most ? delay : most) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
