using System.Collections.Frozen;
using Microservices.Primitives;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Hosting.Auth;

/// <summary>
/// The public keys of the authority, by their ids. They are read anew when they are old, and when a token names a key that is not known; but not more
/// often than their source allows (<see cref="KeySource.MinPeriod"/>), whatever tokens come. When they cannot be read, the last ones stay.
/// Thread-safe.
/// </summary>
internal sealed partial class KeySet(KeySource source, Kept kept, TimeProvider time, ILogger<KeySet> logger)
{
    // What they are kept as, for the next start.
    private const string KeptAs = "keys.json";

    // While there are no keys at all, nobody can call.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private readonly Lock gate = new();
    private readonly Outage outage = new(time);
    private FrozenDictionary<string, SecurityKey>? keys;
    private Task reading = Task.CompletedTask;
    private long? readAt;
    private string? lastJson;

    /// <summary>Whether there are keys; while there are none, no token can be checked.</summary>
    public bool IsKnown => Volatile.Read(ref keys) is not null;

    /// <summary>Whether there are keys, after reading them if there are none and that is due.</summary>
    public async ValueTask<bool> AreKnownAsync(CancellationToken cancellationToken)
    {
        if (!IsKnown)
            await ReadIfDue(RetryDelay).WaitAsync(cancellationToken);
        return IsKnown;
    }

    /// <summary>The key with this id, after reading the keys anew if it is not among them and that is due; null when there is none.</summary>
    public async ValueTask<SecurityKey?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var known = Volatile.Read(ref keys)?.GetValueOrDefault(id);
        var begun = ReadIfDue(known is null ? source.MinPeriod : source.Period);
        if (known is not null)
            return known;
        await begun.WaitAsync(cancellationToken);
        return Volatile.Read(ref keys)?.GetValueOrDefault(id);
    }

    /// <summary>Reads the keys for the first time; if the authority is away, those that were kept.</summary>
    /// <exception cref="InvalidSettingException">They are to be read from a file, which is missing or wrong.</exception>
    public async Task StartAsync(string setting)
    {
        try
        {
            await ReplaceAsync();
            readAt = time.GetTimestamp();
        }
        catch (Exception exception) when (source.IsLocal)
        {
            throw new InvalidSettingException(setting, $"must be a JSON Web Key Set with a key for ES256, but {source.Name} is not: {exception.Message}", exception);
        }
        catch (Exception exception)
        {
            Volatile.Write(ref keys, kept.Read(KeptAs, SigningKeys.Parse));
            Fail(exception);
        }
    }

    /// <summary>The reading that is going on, or begins now if the last one was longer ago than this; else one that has ended.</summary>
    private Task ReadIfDue(TimeSpan period)
    {
        lock (gate)
        {
            if (!reading.IsCompleted || (readAt is { } last && time.GetElapsedTime(last) < (IsKnown ? period : RetryDelay)))
                return reading;
            readAt = time.GetTimestamp();
            return reading = ReadAsync();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await ReplaceAsync();
            if (outage.End() is { } lasted)
                LogBack(source.Name, lasted);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    private async Task ReplaceAsync()
    {
        var json = await source.ReadAsync();
        Volatile.Write(ref keys, SigningKeys.Parse(json));
        if (!source.IsLocal && json != lastJson)
            kept.Write(KeptAs, lastJson = json);
    }

    private void Fail(Exception exception)
    {
        if (outage.Begin())
            LogAway(source.Name, exception.Message);
    }

    [LoggerMessage(LogLevel.Warning, "The keys that tokens are checked with cannot be read from {Source}; those read last stay in use: {Cause}")]
    private partial void LogAway(string source, string cause);

    [LoggerMessage(LogLevel.Information, "The keys that tokens are checked with can be read from {Source} again, after {Lasted}")]
    private partial void LogBack(string source, TimeSpan lasted);
}
