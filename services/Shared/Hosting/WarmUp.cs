using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Hosting;

/// <summary>
/// What a process does once before it is ready. A new replica gets its share of the load at once, and without this its first callers would
/// wait until code is compiled, a query planned and a connection opened.
/// </summary>
public static class WarmUpRegistration
{
    /// <summary>
    /// Registers a use of a singleton that warms it up. It must change nothing. When it fails or takes longer than 5 s, that is logged, and the
    /// process becomes ready without it.
    /// </summary>
    public static WebApplicationBuilder AddWarmUp<TService>(this WebApplicationBuilder builder, Func<TService, CancellationToken, Task> use)
        where TService : class
    {
        builder.Services.AddSingleton(services => new WarmUp(stop => use(services.GetRequiredService<TService>(), stop)));
        return builder;
    }
}

internal sealed record WarmUp(Func<CancellationToken, Task> RunAsync);

/// <summary>Runs all warm-ups when the process has started, before <see cref="Drain.IsStarted"/>.</summary>
internal sealed partial class WarmUps(IEnumerable<WarmUp> uses, TimeProvider time, ILogger<WarmUps> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await Task.WhenAll(uses.Select(use => use.RunAsync(either.Token)));
        }
        catch (Exception failed)
        {
            LogFailed($"{failed.GetType().Name}: {failed.GetBaseException().Message}");
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "The warm-up failed, and the first calls may take longer: {Cause}")]
    private partial void LogFailed(string cause);
}
