using System.Text.Json;
using System.Threading.Channels;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>A load generator's end of a <see cref="LoadProcess"/>: the lines that it is asked, and its answers. Standard output is for answers only.</summary>
internal sealed class LoadChannel(TextReader input, TextWriter output)
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    /// <summary>Reads what is asked, to the end of the input; then calls <paramref name="over"/>.</summary>
    public async Task ListenAsync(Action over)
    {
        while (await input.ReadLineAsync() is { } line)
            _lines.Writer.TryWrite(line);
        _lines.Writer.Complete();
        over();
    }

    /// <summary>The next request; null when there will be none.</summary>
    public async Task<TRequest?> ReadAsync<TRequest>(CancellationToken cancellationToken)
        where TRequest : class =>
        await _lines.Reader.WaitToReadAsync(cancellationToken) && _lines.Reader.TryRead(out var line)
            ? JsonSerializer.Deserialize<TRequest>(line, JsonSerializerOptions.Web)
            : null;

    /// <summary>Answers a request.</summary>
    public async Task WriteAsync<TResult>(TResult result, CancellationToken cancellationToken)
    {
        await output.WriteLineAsync(JsonSerializer.Serialize(result, JsonSerializerOptions.Web).AsMemory(), cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    /// <summary>Answers every request in the same way, to the end.</summary>
    public async Task ServeAsync<TRequest, TResult>(Func<TRequest, CancellationToken, Task<TResult>> answer, CancellationToken cancellationToken)
        where TRequest : class
    {
        while (await ReadAsync<TRequest>(cancellationToken) is { } request)
            await WriteAsync(await answer(request, cancellationToken), cancellationToken);
    }
}
