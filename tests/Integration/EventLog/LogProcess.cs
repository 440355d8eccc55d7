using System.Text;
using Microservices.EventLog;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>One process's event log, as a service has it: a host of its own with AddEventLog, and with the counts of limits.</summary>
internal sealed class LogProcess : IAsyncDisposable
{
    private readonly IHost host;

    private LogProcess(IHost host) => this.host = host;

    public IEventLog Log => host.Services.GetRequiredService<IEventLog>();

    public T Get<T>()
        where T : notnull => host.Services.GetRequiredService<T>();

    public static async Task<LogProcess> StartAsync(string redis, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? services = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(settings ?? []) { ["ConnectionStrings:Redis"] = redis });
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddConsole();
        builder.AddEventLog();
        builder.AddSharedRates();
        services?.Invoke(builder.Services);
        var host = builder.Build();
        await host.StartAsync();
        return new LogProcess(host);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
    }
}

/// <summary>Short forms for tests: payloads are numbers.</summary>
internal static class Events
{
    private static int topics;

    public static string NewTopic() => $"test/{Interlocked.Increment(ref topics)}/{Guid.NewGuid():n}";

    public static NewEvent Transient(string topic, long number, string? key = null) => NewEvent.Transient(topic, Payload(number), key);

    public static NewEvent Durable(string topic, long offset, string epoch = "db1") => NewEvent.Durable(topic, epoch, offset, Payload(offset));

    public static ReadOnlyMemory<byte> Payload(long number) => Encoding.ASCII.GetBytes(number.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public static long Number(LogEvent e) => long.Parse(Encoding.ASCII.GetString(e.Payload.Span), System.Globalization.CultureInfo.InvariantCulture);
}
