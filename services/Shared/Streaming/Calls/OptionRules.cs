using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Streaming.Calls;

/// <summary>Collects what is wrong with options; each failure names the configuration key and its bounds.</summary>
internal sealed class OptionRules(string section)
{
    private readonly List<string> _failures = [];

    internal ValidateOptionsResult Result =>
        _failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_failures);

    internal OptionRules Within<T>(string key, T value, T min, T max)
        where T : IComparable<T>
    {
        if (value.CompareTo(min) < 0 || value.CompareTo(max) > 0)
            _failures.Add($"{section}:{key} is {value}; it must be from {min} to {max}.");
        return this;
    }

    internal OptionRules Holds(string key, bool holds, string rule)
    {
        if (!holds)
            _failures.Add($"{section}:{key} {rule}");
        return this;
    }

    /// <summary>At least one replica, unless they come from elsewhere, and each a valid address.</summary>
    internal OptionRules Replicas(string key, IList<string> addresses, bool ownSource)
    {
        Holds(key, ownSource || addresses.Count > 0, "is empty; it must name at least one replica.");
        for (var i = 0; i < addresses.Count; i++)
            Holds($"{key}:{i}", ConfiguredReplicas.IsValid(addresses[i]), $"is '{addresses[i]}'; it must be like http://host:port or dns:///host:port.");
        return this;
    }
}

/// <summary>The bounds that <see cref="CallStreamClientOptions"/> documents.</summary>
internal sealed class CallStreamClientOptionsRules(string section, bool ownSource) : IValidateOptions<CallStreamClientOptions>
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    public ValidateOptionsResult Validate(string? name, CallStreamClientOptions options)
    {
        if (name != section)
            return ValidateOptionsResult.Skip;
        return new OptionRules(section)
            .Replicas(nameof(options.Addresses), options.Addresses, ownSource)
            .Within(nameof(options.DiscoveryInterval), options.DiscoveryInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1))
            .Within(nameof(options.DefaultTimeout), options.DefaultTimeout, Tick, ClockTicks.Longest)
            .Within(nameof(options.MaxWaiting), options.MaxWaiting, 0, 1_000_000)
            .Within(nameof(options.MaxConcurrency), options.MaxConcurrency, 1, 65_536)
            .Within(nameof(options.MinConcurrency), options.MinConcurrency, 1, options.MaxConcurrency)
            .Within(nameof(options.UnavailableAfter), options.UnavailableAfter, TimeSpan.Zero, TimeSpan.FromHours(1))
            .Within(nameof(options.MaxAttempts), options.MaxAttempts, 1, 10)
            .Within(nameof(options.HedgeBudget), options.HedgeBudget, 0, 1)
            .Within(nameof(options.MinHedgeDelay), options.MinHedgeDelay, TimeSpan.Zero, TimeSpan.FromMinutes(1))
            .Within(nameof(options.ConnectTimeout), options.ConnectTimeout, Tick, TimeSpan.FromMinutes(1))
            .Within(nameof(options.MaxReconnectBackoff), options.MaxReconnectBackoff, Tick, TimeSpan.FromMinutes(10))
            .Within(nameof(options.ReconnectBackoff), options.ReconnectBackoff, Tick, options.MaxReconnectBackoff)
            .Within(nameof(options.MaxAge), options.MaxAge, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1))
            .Within(nameof(options.DrainTimeout), options.DrainTimeout, Tick, TimeSpan.FromMinutes(10))
            .Within(nameof(options.KeepAlivePingDelay), options.KeepAlivePingDelay, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1))
            .Within(nameof(options.KeepAlivePingTimeout), options.KeepAlivePingTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1))
            .Within(nameof(options.MaxFrameBytes), options.MaxFrameBytes, 1024, MessageSizes.MaxCalls)
            .Result;
    }
}

/// <summary>The bounds that <see cref="CallStreamServerOptions"/> documents.</summary>
internal sealed class CallStreamServerOptionsRules(string section) : IValidateOptions<CallStreamServerOptions>
{
    public ValidateOptionsResult Validate(string? name, CallStreamServerOptions options) => name != section
        ? ValidateOptionsResult.Skip
        : new OptionRules(section)
            .Within(nameof(options.Credit), options.Credit, 1, 65_536)
            .Within(nameof(options.MaxBatch), options.MaxBatch, 1, 65_536)
            .Within(nameof(options.MaxConcurrentBatches), options.MaxConcurrentBatches, 1, 1024)
            .Within(nameof(options.WriteTimeout), options.WriteTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10))
            .Within(nameof(options.MaxAge), options.MaxAge, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1))
            .Within(nameof(options.DrainTimeout), options.DrainTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10))
            .Within(nameof(options.ReconnectSpread), options.ReconnectSpread, TimeSpan.Zero, TimeSpan.FromSeconds(60))
            .Within(nameof(options.MaxFrameBytes), options.MaxFrameBytes, 1024, 3 * 1024 * 1024)
            .Result;
}
