using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>Checks every bound; each message names the key to change.</summary>
internal sealed class EventLogOptionsValidator : IValidateOptions<EventLogOptions>
{
    public const string ConnectionStringKey = "ConnectionStrings:Redis";

    public ValidateOptionsResult Validate(string? name, EventLogOptions options)
    {
        var failures = new List<string>();
        CheckConnectionString(options.ConnectionString, failures);

        if (options.KeyPrefix.Length is 0 or > 64 || options.KeyPrefix.AsSpan().IndexOfAny("{} ") >= 0)
            Fail(nameof(options.KeyPrefix), "is 1 to 64 characters without braces and spaces");
        Number(nameof(options.MaxEvents), options.MaxEvents, 1, 1_000_000);
        Number(nameof(options.MaxTransientEvents), options.MaxTransientEvents, 1, 1_000_000);
        Number(nameof(options.MaxBytes), options.MaxBytes, 1L << 20, 1L << 40);
        Number(nameof(options.MaxTransientBytes), options.MaxTransientBytes, 1L << 20, 1L << 40);
        Number(nameof(options.MaxEventBytes), options.MaxEventBytes, EventRules.MaxPayloadBytes, 1_048_576);
        Number(nameof(options.BatchEvents), options.BatchEvents, 1, 10_000);
        Number(nameof(options.BatchBytes), options.BatchBytes, 1_024, int.MaxValue);
        Number(nameof(options.RecentEvents), options.RecentEvents, 1, 1_000_000);
        Number(nameof(options.RecentBytes), options.RecentBytes, 1_024, int.MaxValue);
        Number(nameof(options.MaxHistoryReads), options.MaxHistoryReads, 1, 1_000);
        Number(nameof(options.LatestKeys), options.LatestKeys, 1, int.MaxValue);
        Time(nameof(options.MaxAge), options.MaxAge, TimeSpan.FromSeconds(1), TimeSpan.FromDays(3650));
        Time(nameof(options.IdleTopicRetention), options.IdleTopicRetention, TimeSpan.FromSeconds(1), TimeSpan.FromDays(3650));
        Time(nameof(options.CheckInterval), options.CheckInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Time(nameof(options.CheckGrace), options.CheckGrace, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Time(nameof(options.TopicLinger), options.TopicLinger, TimeSpan.Zero, TimeSpan.FromHours(1));
        Time(nameof(options.RetryDelay), options.RetryDelay, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Time(nameof(options.ProbeInterval), options.ProbeInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        Time(nameof(options.ProbeTimeout), options.ProbeTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Time(nameof(options.ConnectTimeout), options.ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Time(nameof(options.CommandTimeout), options.CommandTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
        Time(nameof(options.ReconnectInterval), options.ReconnectInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        if (options.IdleTopicRetention < options.MaxAge)
            Fail(nameof(options.IdleTopicRetention), $"is at least {EventLogOptions.Section}:{nameof(options.MaxAge)}");

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Fail(string key, string rule) => failures.Add($"{EventLogOptions.Section}:{key} {rule}.");

        void Number(string key, long value, long least, long most)
        {
            if (value < least || value > most)
                Fail(key, $"is {least} to {most}, not {value}");
        }

        void Time(string key, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
                Fail(key, $"is a time from {least} to {most}, not {value}");
        }
    }

    private static void CheckConnectionString(string connectionString, List<string> failures)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
        {
            failures.Add($"{ConnectionStringKey} is missing: the event log needs Redis, for example \"localhost:6399\".");
            return;
        }

        try
        {
            if (ConfigurationOptions.Parse(connectionString).EndPoints.Count == 0)
                failures.Add($"{ConnectionStringKey} names no server.");
        }
        catch (ArgumentException)
        {
            // Without the exception's text: it may quote the password.
            failures.Add($"{ConnectionStringKey} cannot be read as a StackExchange.Redis connection string.");
        }
    }
}
