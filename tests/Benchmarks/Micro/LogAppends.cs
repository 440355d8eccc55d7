using BenchmarkDotNet.Attributes;
using Microservices.EventLog;
using Microservices.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microservices.Tests.Benchmarks.Micro;

/// <summary>Events of 200 bytes appended to a topic, on a redis-server of its own: one after the other, and 100 in one call.</summary>
public class LogAppends
{
    private const int Many = 100;
    private readonly NewEvent[] events = [.. Enumerable.Repeat(NewEvent.Transient("benchmark", new byte[200]), Many)];
    private RedisServer redis = null!;
    private IHost host = null!;
    private IEventLog log = null!;

    /// <summary>Starts Redis and the log.</summary>
    [GlobalSetup]
    public async Task SetupAsync()
    {
        redis = await RedisServer.StartAsync();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("ConnectionStrings:Redis", (string?)redis.ConnectionString)]);
        builder.AddEventLog();
        host = builder.Build();
        await host.StartAsync();
        log = host.Services.GetRequiredService<IEventLog>();
        await Eventually.UntilAsync(IsUpAsync, "the log appends");

        async Task<bool> IsUpAsync() => (await log.AppendAsync([events[0]]))[0].Status == AppendStatus.Appended;
    }

    /// <summary>Ends both.</summary>
    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await host.StopAsync();
        host.Dispose();
        await redis.DisposeAsync();
    }

    /// <summary>One, and its answer.</summary>
    [Benchmark]
    public Task AppendAsync() => log.AppendAsync(events[0]);

    /// <summary>A hundred in one pipelined call; by event.</summary>
    [Benchmark(OperationsPerInvoke = Many)]
    public Task AppendManyAsync() => log.AppendAsync(events);
}
