using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>
/// A load generator as a process of its own: this program, started again with the hidden command <c>load</c>. It answers one request
/// after the other, each a line of JSON, so that it may stay warm from round to round. It ends with this process, however that ends.
/// </summary>
internal sealed class LoadProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _kind;

    private LoadProcess(string kind)
    {
        _kind = kind;
        var start = new ProcessStartInfo("dotnet", [typeof(LoadProcess).Assembly.Location, LoadCommand.Name, kind])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start)!;
    }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Id;

    /// <summary>Starts a generator of a kind that <see cref="Loads"/> knows.</summary>
    public static LoadProcess Start(string kind) => new(kind);

    /// <summary>Asks for something, and returns what it answers. One at a time.</summary>
    public async Task<TResult> AskAsync<TResult>(object request, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request, request.GetType(), JsonSerializerOptions.Web).AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        var answer = await _process.StandardOutput.ReadLineAsync(cancellationToken)
            ?? throw new InvalidOperationException($"The load generator {_kind} has ended without an answer; its error is above.");
        return JsonSerializer.Deserialize<TResult>(answer, JsonSerializerOptions.Web)!;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}

/// <summary>The other end: the lines that a load generator is asked, and its answers. Standard output is for answers only.</summary>
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
