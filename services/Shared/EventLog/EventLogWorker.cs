using Microsoft.Extensions.Hosting;

namespace Microservices.EventLog;

/// <summary>Runs what works in the background: the sweep, the probe and the trimming. It does not hold up the start while Redis is away.</summary>
internal sealed class EventLogWorker(Sweeper sweeper, DeliveryProbe probe, LogTrimmer trimmer, RedisConnection redis) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await redis.WaitConnectedAsync(stoppingToken);
        await Task.WhenAll(sweeper.RunAsync(stoppingToken), probe.RunAsync(stoppingToken), trimmer.RunAsync(stoppingToken));
    }
}
