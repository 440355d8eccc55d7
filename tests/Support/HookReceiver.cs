using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Support;

/// <summary>A webhook as it arrived.</summary>
/// <param name="Path">Where.</param>
/// <param name="Headers">Its headers.</param>
/// <param name="Body">Its body.</param>
public sealed record ReceivedHook(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The message's id.</summary>
    public string Id => Headers["webhook-id"];

    /// <summary>The watermark.</summary>
    public string Cursor => Headers["webhook-cursor"];
}

/// <summary>An HTTP server on loopback that takes webhooks and answers as it is told. Thread-safe.</summary>
public sealed class HookReceiver : IAsyncDisposable
{
    private readonly WebApplication app;

    private HookReceiver(WebApplication app) => this.app = app;

    /// <summary>What has arrived, in order.</summary>
    public ConcurrentQueue<ReceivedHook> Received { get; } = new();

    /// <summary>The status that a webhook gets; 204 unless set.</summary>
    public Func<ReceivedHook, HttpContext, Task<int>> Answer { get; set; } = (_, _) => Task.FromResult(StatusCodes.Status204NoContent);

    /// <summary>What every answer says; nothing unless set.</summary>
    public string Body { get; set; } = "";

    /// <summary>Its address, without a path.</summary>
    public string Address => app.Urls.Single();

    /// <summary>The ids that have arrived, in order.</summary>
    public IEnumerable<string> Ids => Received.Select(hook => hook.Id);

    /// <summary>Starts one.</summary>
    public static async Task<HookReceiver> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        var receiver = new HookReceiver(app);
        app.MapPost("/{**path}", receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>Answers all with a status.</summary>
    public void AnswerAll(int status) => Answer = (_, _) => Task.FromResult(status);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var hook = new ReceivedHook(http.Request.Path, http.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()), body.ToArray());
        Received.Enqueue(hook);
        http.Response.StatusCode = await Answer(hook, http);
        if (Body.Length > 0)
            await http.Response.WriteAsync(Body);
    }
}
