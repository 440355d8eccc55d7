using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microservices.Identity.V1;

namespace Microservices.Hosting.Auth;

/// <summary>
/// Which tokens the authority has revoked that have not expired yet: those of a session that has ended, and those of a user that were issued before a time. It is
/// asked with each call, and ten times a second by each stream. It has 100,000 entries at most, about 20 MiB; of what is beyond, tokens expire by themselves. Thread-safe.
/// </summary>
public sealed class Revocations
{
    internal const int MaxEntries = 100_000;

    // Each time costs a look at all of them.
    private static readonly TimeSpan ForgetPeriod = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<string, Entry> sessions = [];
    private readonly ConcurrentDictionary<string, Entry> users = [];
    private readonly TimeProvider time;
    private volatile TaskCompletionSource changed = NewSignal();
    private volatile int count;
    private long forgotAt;
    private long? currentAt;

    internal Revocations(TimeProvider time) => (this.time, forgotAt) = (time, time.GetTimestamp());

    /// <summary>Completes when there are more of them.</summary>
    public Task Changed => changed.Task;

    /// <summary>How many there are.</summary>
    internal int Count => count;

    /// <summary>Whether the token of this caller was revoked.</summary>
    public bool Include(Principal caller) =>
        count > 0 && !caller.IsWorkload
        && (Include(caller.Subject, caller.SessionId, caller.IssuedAt) || (caller.Actor is { } actor && IsBefore(actor, caller.IssuedAt)));

    /// <summary>Whether the token of a user and a session was revoked that was issued at this time.</summary>
    public bool Include(string userId, string? sessionId, DateTimeOffset issuedAt) =>
        count > 0 && ((sessionId is not null && sessions.ContainsKey(sessionId)) || IsBefore(userId, issuedAt));

    /// <summary>Measures how many there are, and how old what this process knows is.</summary>
    internal void Measure(IMeterFactory meters)
    {
        var meter = meters.Create("Microservices.Hosting");
        meter.CreateObservableGauge("auth.revocations.active", () => count, "{revocation}", "Revocations in force that the process knows of.");
        meter.CreateObservableGauge("auth.revocations.age", () => time.GetElapsedTime(currentAt ?? forgotAt).TotalSeconds, "s", "How long ago the process knew of all revocations there were.");
    }

    /// <summary>Takes in what the authority says; false when there was no room for all of it.</summary>
    internal bool Add(WatchRevocationsResponse told)
    {
        var hadRoom = true;
        foreach (var revocation in told.Revocations)
        {
            var entry = new Entry(revocation.NotBefore.ToDateTimeOffset(), revocation.ExpireTime.ToDateTimeOffset());
            var (of, key) = revocation.SessionId.Length > 0 ? (sessions, revocation.SessionId) : (users, revocation.UserId);
            if (of.ContainsKey(key) || count < MaxEntries)
                of[key] = entry;
            else
                hadRoom = false;
            count = sessions.Count + users.Count;
        }

        if (!told.More)
            currentAt = time.GetTimestamp();
        if (told.Revocations.Count > 0)
            Interlocked.Exchange(ref changed, NewSignal()).SetResult();
        return hadRoom;
    }

    /// <summary>Forgets those whose tokens have expired, when that is due.</summary>
    internal void Forget()
    {
        if (time.GetElapsedTime(forgotAt) < ForgetPeriod)
            return;
        forgotAt = time.GetTimestamp();
        var now = time.GetUtcNow();
        foreach (var of in (ConcurrentDictionary<string, Entry>[])[sessions, users])
        {
            foreach (var (key, entry) in of)
            {
                if (entry.Until < now)
                    of.TryRemove(key, out _);
            }
        }

        count = sessions.Count + users.Count;
    }

    private bool IsBefore(string user, DateTimeOffset issuedAt) => users.TryGetValue(user, out var entry) && issuedAt < entry.NotBefore;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly record struct Entry(DateTimeOffset NotBefore, DateTimeOffset Until);
}
