using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microservices.Gateway.Errors;
using Microservices.Hosting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Microservices.Gateway.Rest;

/// <summary>
/// Answers with a problem where the server itself refuses a request, before a middleware could see it: broken HTTP, and a line or headers beyond
/// the server's own bounds. Kestrel then writes a bare status and closes the connection. Before it writes, it raises the diagnostic event
/// "Microsoft.AspNetCore.Server.Kestrel.BadRequest"; from then on its output is replaced.
/// </summary>
internal sealed class RejectedRequests : IObserver<KeyValuePair<string, object?>>
{
    private const string BadRequest = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    // A connection that is closed while the rest of a long request comes in is reset, and the answer may be lost with it.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    // HTTP/2 has errors of its own.
    public static void AddTo(WebApplicationBuilder builder) =>
        builder.Services.AddSingleton(new Http1Connections(listen => listen.Use(next => connection => RunAsync(connection, next))));

    public static void UseIn(WebApplication app) =>
        app.Services.GetRequiredService<DiagnosticListener>().Subscribe(new RejectedRequests(), static name => name == BadRequest);

    /// <inheritdoc/>
    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Value is IFeatureCollection features
            && features.Get<IBadRequestExceptionFeature>()?.Error is BadHttpRequestException rejection
            && features.Get<IHttpResponseFeature>() is { HasStarted: false } response
            && features.Get<IHttpRequestFeature>()?.Method != HttpMethods.Head)
        {
            features.Get<ReplaceableOutput>()?.Replace(Answer(rejection.StatusCode, response.Headers.Allow.ToString()));
        }
    }

    /// <inheritdoc/>
    public void OnCompleted()
    {
        // The server is gone.
    }

    /// <inheritdoc/>
    public void OnError(Exception error)
    {
        // A diagnostic listener has no errors.
    }

    private static async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var (transport, output) = (connection.Transport, new ReplaceableOutput(connection.Transport.Output));
        connection.Transport = new Duplex(transport.Input, output);
        connection.Features.Set(output);
        try
        {
            await next(connection);
            if (output.IsReplaced)
                await DrainAsync(transport.Input, connection.ConnectionClosed);
        }
        finally
        {
            connection.Transport = transport;
        }
    }

    private static async Task DrainAsync(PipeReader input, CancellationToken closed)
    {
        using var late = new CancellationTokenSource(Linger);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(late.Token, closed);
        try
        {
            do
                enough.CancelAfter(Quiet);
            while (await ReadOnAsync(input, enough.Token));
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // The caller has had the time to read the answer, or has left.
        }
    }

    private static async Task<bool> ReadOnAsync(PipeReader input, CancellationToken enough)
    {
        var read = await input.ReadAsync(enough);
        input.AdvanceTo(read.Buffer.End);
        return !read.IsCompleted;
    }

    private static byte[] Answer(int status, string allow)
    {
        // A version or a coding that the server does not support is not a failure of the gateway.
        var type = ProblemTypes.Of(status < StatusCodes.Status500InternalServerError ? status : StatusCodes.Status400BadRequest);
        var body = JsonSerializer.SerializeToUtf8Bytes(Problem.From(type) with { Status = status, TraceId = null }, GatewayJson.Default.Problem);
        var head = string.Create(CultureInfo.InvariantCulture, $"""
            HTTP/1.1 {status} {ReasonPhrases.GetReasonPhrase(status)}
            Content-Type: application/problem+json
            Content-Length: {body.Length}
            Cache-Control: no-store
            Connection: close
            Date: {DateTimeOffset.UtcNow:r}

            """);
        if (allow.Length > 0)
            head += $"Allow: {allow}\n";
        return [.. Encoding.ASCII.GetBytes((head + "\n").ReplaceLineEndings("\r\n")), .. body];
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
