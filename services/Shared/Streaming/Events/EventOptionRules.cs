using Microservices.Streaming.Calls;
using Microsoft.Extensions.Options;

namespace Microservices.Streaming.Events;

/// <summary>The bounds that <see cref="EventStreamServerOptions"/> documents.</summary>
internal sealed class EventStreamServerOptionsRules(string section) : IValidateOptions<EventStreamServerOptions>
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100);

    public ValidateOptionsResult Validate(string? name, EventStreamServerOptions options) => name != section
        ? ValidateOptionsResult.Skip
        : new OptionRules(section)
            .Within(nameof(options.MaxSubscriptions), options.MaxSubscriptions, 1, 100_000)
            .Within(nameof(options.MaxQueuedBytes), options.MaxQueuedBytes, 1024, 1024 * 1024 * 1024)
            .Within(nameof(options.MaxTotalQueuedBytes), options.MaxTotalQueuedBytes, 1024, 64L * 1024 * 1024 * 1024)
            .Within(nameof(options.MaxFlushBytes), options.MaxFlushBytes, 1024, 1024 * 1024)
            .Within(nameof(options.WriteTimeout), options.WriteTimeout, Least, TimeSpan.FromHours(1))
            .Within(nameof(options.HeartbeatInterval), options.HeartbeatInterval, Least, TimeSpan.FromMinutes(10))
            .Within(nameof(options.ClientTimeout), options.ClientTimeout, Least, TimeSpan.FromHours(1))
            .Within(nameof(options.MaxAge), options.MaxAge, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1))
            .Within(nameof(options.DrainWindow), options.DrainWindow, TimeSpan.Zero, TimeSpan.FromMinutes(10))
            .Within(nameof(options.DrainTimeout), options.DrainTimeout, Least, TimeSpan.FromMinutes(10))
            .Within(nameof(options.ReconnectAfter), options.ReconnectAfter, TimeSpan.Zero, TimeSpan.FromSeconds(60))
            .Result;
}

/// <summary>The bounds that <see cref="EventStreamClientOptions"/> documents.</summary>
internal sealed class EventStreamClientOptionsRules(string section, bool ownSource) : IValidateOptions<EventStreamClientOptions>
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    public ValidateOptionsResult Validate(string? name, EventStreamClientOptions options)
    {
        if (name != section)
            return ValidateOptionsResult.Skip;
        return new OptionRules(section)
            .Replicas(nameof(options.Addresses), options.Addresses, ownSource)
            .Within(nameof(options.MaxOpening), options.MaxOpening, 1, 10_000)
            .Within(nameof(options.ConnectTimeout), options.ConnectTimeout, Tick, TimeSpan.FromMinutes(1))
            .Within(nameof(options.MaxReconnectBackoff), options.MaxReconnectBackoff, Tick, TimeSpan.FromMinutes(10))
            .Within(nameof(options.ReconnectBackoff), options.ReconnectBackoff, Tick, options.MaxReconnectBackoff)
            .Within(nameof(options.HeartbeatInterval), options.HeartbeatInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10))
            .Within(nameof(options.ServerTimeout), options.ServerTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1))
            .Within(nameof(options.EndTimeout), options.EndTimeout, Tick, TimeSpan.FromMinutes(1))
            .Result;
    }
}
