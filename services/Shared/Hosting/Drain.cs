using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting;

/// <summary>How a process stops: section <c>Drain</c>.</summary>
public sealed class DrainOptions
{
    /// <summary>
    /// How long a process that is told to stop goes on serving while it is already not ready, so that load balancers notice. From its beginning
    /// streams are told to leave, and HTTP/1.1 connections end with their next answer. Default 0; 0 to 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan Delay { get; set; } = TimeSpan.Zero;

    /// <summary>How long streams and requests in flight have to end in good order after that. Default 5 s; 100 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(5);
}

[OptionsValidator]
internal sealed partial class DrainOptionsValidator : IValidateOptions<DrainOptions>;

/// <summary>
/// Tells the parts of a process that it is about to stop. gRPC's own cancellation does not fire then, and an open stream would delay
/// the stop until it is cut off. So every stream watches <see cref="Token"/>, says <c>draining</c> to its client, and ends within
/// <see cref="DrainOptions.Window"/>. Thread-safe.
/// </summary>
public sealed class Drain(IHostApplicationLifetime lifetime, IOptions<DrainOptions> options) : IHostedLifecycleService
{
    /// <summary>Fires once, when the process is told to stop.</summary>
    public CancellationToken Token => lifetime.ApplicationStopping;

    /// <summary>How long a stream has after that to end.</summary>
    public TimeSpan Window => options.Value.Window;

    /// <summary>Whether the process is about to stop.</summary>
    public bool IsDraining => Token.IsCancellationRequested;

    /// <summary>Whether everything that starts with the process has started.</summary>
    public bool IsStarted { get; private set; }

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken)
    {
        IsStarted = true;
        StartupFailure.Over();
        return Task.CompletedTask;
    }

    // Runs before the server stops accepting.
    async Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken)
    {
        // A host that is stopped by its owner rather than by a signal comes here first.
        lifetime.StopApplication();
        if (options.Value.Delay > TimeSpan.Zero)
            await Task.Delay(options.Value.Delay, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

internal static class DrainRegistration
{
    // Once the window has passed, the server itself has this long before it cuts off what is still open.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    public static void AddDrain(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<DrainOptions, DrainOptionsValidator>("Drain");
        builder.Services.AddSingleton<Drain>();
        // Before the drain, which reports that the process has started.
        builder.Services.AddHostedService<WarmUps>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Drain>());
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<DrainOptions>>((host, drain) =>
            host.ShutdownTimeout = drain.Value.Delay + drain.Value.Window + Grace);
    }
}
