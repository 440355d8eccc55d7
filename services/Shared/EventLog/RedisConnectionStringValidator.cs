using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>Checks <see cref="EventLogOptions.ConnectionString"/>, which has a key outside the options' section.</summary>
internal sealed class RedisConnectionStringValidator : IValidateOptions<EventLogOptions>
{
    private const string Rule = "ConnectionStrings:Redis must be a connection string of StackExchange.Redis, such as 'localhost:6399'";

    public ValidateOptionsResult Validate(string? name, EventLogOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.ConnectionString))
            return ValidateOptionsResult.Fail($"{Rule}, but is missing");
        try
        {
            return ConfigurationOptions.Parse(options.ConnectionString).EndPoints.Count > 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail($"{Rule}, but names no server");
        }
        catch (ArgumentException)
        {
            // Without the value or the exception's text: either may have the password.
            return ValidateOptionsResult.Fail($"{Rule}, but cannot be read");
        }
    }
}
