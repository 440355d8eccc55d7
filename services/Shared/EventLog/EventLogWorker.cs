using Microsoft.Extensions.Hosting;

namespace Microservices.EventLog;

/// <summary>Owns what runs in the background: the sweep, the probe and the trimming. Does not hold up the start when Redis is away.</summary>
internal sealed class EventLogWorker(Sweeper sweeper, DeliveryProbe probe, LogTrimmer trimmer, RedisConnection redis) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await redis.WaitConnectedAsync(stoppingToken);
        await Task.WhenAll(sweeper.RunAsync(stoppingToken), probe.RunAsync(stoppingToken), trimmer.RunAsync(stoppingToken));
    }
}
