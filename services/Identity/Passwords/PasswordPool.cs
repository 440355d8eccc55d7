using System.Buffers.Binary;
using System.Security.Cryptography;
using Microservices.Primitives;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>
/// Hashes and checks passwords, each of which takes about 80 ms of a processor: at most half of the processors do so at a time. The rest waits, each
/// address in a line of its own, so that a storm from one leaves the others their turn; who has waited for too long is turned away. Thread-safe.
/// </summary>
internal sealed class PasswordPool(IOptions<IdentityOptions> options, TimeProvider time)
{
    private const int Iterations = 100_000;
    private const int SaltBytes = 16;
    private const int KeyBytes = 32;
    private static readonly Account Nobody = new() { UserId = "", Email = "", EmailKey = "", DisplayName = "", PasswordHash = NobodysHash() };

    private readonly PasswordHasher<Account> hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    private readonly FairGate gate = new(Math.Max(1, Environment.ProcessorCount / 2), options.Value.MaxWaitingLogins, time);

    /// <summary>Waits for a turn, which is over when it is disposed. Null when too many wait, or when it has taken too long.</summary>
    public async Task<Turn?> EnterAsync(Origin origin, CancellationToken cancellationToken) =>
        await gate.EnterAsync(origin.Address, origin.Address, 1, options.Value.LoginTimeout, cancellationToken) ? new Turn(this) : null;

    // As the hasher writes it, of no password: a format, an algorithm (2: HMAC-SHA512), a cost, a salt, and bytes that nothing hashes to.
    private static string NobodysHash()
    {
        var hash = new byte[13 + SaltBytes + KeyBytes];
        RandomNumberGenerator.Fill(hash.AsSpan(13));
        hash[0] = 1;
        foreach (var (at, value) in (ReadOnlySpan<(int, int)>)[(1, 2), (5, Iterations), (9, SaltBytes)])
            BinaryPrimitives.WriteInt32BigEndian(hash.AsSpan(at), value);
        return Convert.ToBase64String(hash);
    }

    /// <summary>A turn in the pool.</summary>
    public sealed class Turn(PasswordPool pool) : IDisposable
    {
        /// <summary>Hashes a new password.</summary>
        public Task<string> HashAsync(string password) => Task.Run(() => pool.hasher.HashPassword(Nobody, password));

        /// <summary>Whether a password is that of an account. It takes as long, and is false, where there is no account.</summary>
        public Task<bool> VerifyAsync(Account? account, string password) => Task.Run(() =>
            pool.hasher.VerifyHashedPassword(Nobody, (account ?? Nobody).PasswordHash, password) != PasswordVerificationResult.Failed && account is not null);

        /// <inheritdoc/>
        public void Dispose() => pool.gate.Exit(1);
    }
}
