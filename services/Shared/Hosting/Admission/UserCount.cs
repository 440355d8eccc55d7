using System.Globalization;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;

namespace Microservices.Hosting.Admission;

/// <summary>
/// How many of something each user has open at the process, at most so many. Operators and the suite's services are not counted: they share what there is. Its memory is bounded by
/// what is open. Thread-safe.
/// </summary>
/// <param name="reason">The stable reason of the error.</param>
/// <param name="what">What is counted, in the plural.</param>
/// <param name="most">How many a user may have.</param>
public sealed class UserCount(string reason, string what, int most)
{
    private static readonly ErrorDomain Domain = new("rpc");
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> open = [];

    /// <summary>How many users have something open.</summary>
    public int Users
    {
        get
        {
            lock (gate)
                return open.Count;
        }
    }

    /// <summary>Whether those of this caller are counted.</summary>
    public static bool Counts(Principal caller) => !caller.IsWorkload && !caller.Roles.Contains(Roles.Operator);

    /// <summary>A user opens one. Why it may not: RESOURCE_EXHAUSTED with QuotaFailure; null when it may, and <see cref="Exit"/> is to be called when it has ended.</summary>
    public Google.Rpc.Status? Enter(string user)
    {
        lock (gate)
        {
            var has = open.GetValueOrDefault(user);
            if (has >= most)
                return Domain.QuotaExceeded(reason, string.Create(CultureInfo.InvariantCulture, $"You have as many {what} open here as a user may: {most}."), "user", RetryAfter);
            open[user] = has + 1;
            return null;
        }
    }

    /// <summary>One of a user's has ended.</summary>
    public void Exit(string user)
    {
        lock (gate)
        {
            if (open[user] == 1)
                open.Remove(user);
            else
                open[user]--;
        }
    }

    /// <summary>Opens one for a caller. To be disposed of when it has ended.</summary>
    /// <exception cref="StatusException">The caller has as many as it may.</exception>
    public UserHold Open(Principal caller)
    {
        if (!Counts(caller))
            return default;
        return Enter(caller.Id) is { } refusal ? throw new StatusException(refusal) : new UserHold(this, caller.Id);
    }
}

/// <summary>One of what a <see cref="UserCount"/> counts, or nothing. To be disposed of once.</summary>
public readonly struct UserHold : IDisposable
{
    private readonly UserCount? count;
    private readonly string? user;

    internal UserHold(UserCount count, string user) => (this.count, this.user) = (count, user);

    /// <inheritdoc/>
    public void Dispose() => count?.Exit(user!);
}
