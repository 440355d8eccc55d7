using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using HdrHistogram;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Benchmarks.Webhooks;

/// <summary>Take webhooks, and say what came.</summary>
/// <param name="Address">Where to listen; the same in every request.</param>
/// <param name="Count">Until so many messages have come since the last answer, each counted once a path.</param>
/// <param name="Hangs">The path that gets no answer; null for none.</param>
internal sealed record ReceiveLoadRequest(string Address, int Count, string? Hangs);

/// <summary>What came.</summary>
/// <param name="Latencies">From when what a message tells of happened to when it arrived; of the path that hangs, none.</param>
/// <param name="Body">Of one of them.</param>
/// <param name="Repeated">Messages that came again.</param>
internal sealed record ReceiveLoadResult(Latencies Latencies, string Body, long Repeated);

/// <summary>A receiver that does nothing with what it gets.</summary>
internal sealed class ReceiveLoad
{
    private readonly ConcurrentDictionary<(string Path, string Id), bool> _seen = [];
    private readonly LongConcurrentHistogram _latencies = new(1, 600_000_000, 3);
    private string _body = "";
    private string? _hangs;
    private int _counted;
    private long _repeated;

    public static async Task RunAsync(LoadChannel channel, CancellationToken cancellationToken)
    {
        WebApplication? app = null;
        var receiver = new ReceiveLoad();
        await channel.ServeAsync<ReceiveLoadRequest, ReceiveLoadResult>(
            async (request, cancel) =>
            {
                receiver._hangs = request.Hangs;
                app ??= await receiver.ListenAsync(request.Address, cancel);
                while (Volatile.Read(ref receiver._counted) < request.Count)
                    await Task.Delay(1, cancel);
                return receiver.Take();
            },
            cancellationToken);
        if (app is not null)
            await app.DisposeAsync();
    }

    private async Task<WebApplication> ListenAsync(string address, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        // Standard output is for answers.
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address);
        var app = builder.Build();
        app.MapPost("/{**path}", ReceiveAsync);
        await app.StartAsync(cancellationToken);
        return app;
    }

    private ReceiveLoadResult Take()
    {
        var result = new ReceiveLoadResult(Latencies.Of(_latencies.Copy()), _body, Interlocked.Exchange(ref _repeated, 0));
        _latencies.Reset();
        _seen.Clear();
        Interlocked.Exchange(ref _counted, 0);
        return result;
    }

    private async Task ReceiveAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var now = DateTimeOffset.UtcNow;
        var path = http.Request.Path.Value!;
        if (path == _hangs)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
        if (!_seen.TryAdd((path, $"{http.Request.Headers["webhook-id"]}"), true))
        {
            Interlocked.Increment(ref _repeated);
            return;
        }

        var bytes = body.ToArray();
        using var message = JsonDocument.Parse(bytes);
        _latencies.RecordValue(Math.Clamp((long)(now - message.RootElement.GetProperty("time").GetDateTimeOffset()).TotalMicroseconds, 1, 600_000_000));
        _body = Encoding.UTF8.GetString(bytes);
        Interlocked.Increment(ref _counted);
    }
}
