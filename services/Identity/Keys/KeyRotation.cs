using System.Data.Common;
using System.Security.Cryptography;
using Microservices.Persistence;
using Microservices.Primitives;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>Keeps <see cref="SigningKeys"/> up to date: before the process serves, and then ten times in the time that a new key is announced, once a minute at most.</summary>
internal sealed partial class KeyRotation(SigningKeys keys, IOptions<IdentityOptions> options, TimeProvider time, ILogger<KeyRotation> logger) : BackgroundService
{
    private static readonly TimeSpan MaxPeriod = TimeSpan.FromMinutes(1);

    // LoggerMessage asks for a field.
    private readonly ILogger logger = logger;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await keys.RefreshAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var period = options.Value.KeyAnnouncement / 10 is var tenth && tenth < MaxPeriod ? tenth : MaxPeriod;
        while (true)
        {
            await Task.Delay(Jitter.Shorten(period), time, stoppingToken);
            try
            {
                await keys.RefreshAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is DbException or InvalidOperationException or CryptographicException)
            {
                var level = DatabaseAwayException.LevelOf(exception, LogLevel.Error);
                LogFailed(level, exception.Message);
            }
        }
    }

    [LoggerMessage("The signing keys could not be read; those in hand stay in use, and it is tried again: {Cause}")]
    private partial void LogFailed(LogLevel level, string cause);
}
