using System.Collections.Concurrent;
using Microservices.Local;

namespace Microservices.Tests.EndToEnd;

/// <summary>Access tokens of the demo accounts of a suite, as deploy/token gets them; each is used for most of its life. Thread-safe.</summary>
internal sealed class SuiteTokens(string data)
{
    // Until it is renewed, of its lifetime.
    private const double Used = 0.8;
    private readonly ConcurrentDictionary<string, Lazy<Task<(string Token, DateTime RenewTime)>>> tokens = [];

    /// <summary>A token of an account.</summary>
    public async ValueTask<string> OfAsync(string account)
    {
        while (true)
        {
            var known = tokens.GetOrAdd(account, _ => new(() => LogInAsync(account)));
            try
            {
                if (await known.Value is var (token, renewTime) && DateTime.UtcNow < renewTime)
                    return token;
            }
            catch (LaunchException)
            {
                tokens.TryRemove(KeyValuePair.Create(account, known));
                throw;
            }

            tokens.TryRemove(KeyValuePair.Create(account, known));
        }
    }

    private async Task<(string Token, DateTime RenewTime)> LogInAsync(string account)
    {
        var (token, lifetime) = await DemoAccount.LogInAsync(data, account);
        return (token, DateTime.UtcNow + (lifetime * Used));
    }
}
