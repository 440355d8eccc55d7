using Microsoft.Extensions.Hosting;

namespace Microservices.EventLog;

/// <summary>Connects to Redis when the process starts. It does not hold up the start while Redis is away; what listens there and is no Redis stops it.</summary>
internal sealed class RedisConnector(RedisConnection redis) : BackgroundService
{
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await redis.CheckAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => redis.WaitConnectedAsync(stoppingToken);
}
