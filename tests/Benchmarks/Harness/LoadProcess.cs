using System.Diagnostics;
using System.Text.Json;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>
/// A process that ends when its standard input does, so also with this process, however that ends. It may answer requests, one after the
/// other, each a line of JSON: so a load generator stays warm from round to round.
/// </summary>
internal sealed class LoadProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _name;

    private LoadProcess(string name, ProcessStartInfo start)
    {
        _name = name;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.Environment[LoadToken.Variable] = LoadToken.Value;
        _process = Process.Start(start)!;
    }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Id;

    /// <summary>Starts a generator of a kind that <see cref="Loads"/> knows: this program again, with the hidden command <c>load</c>.</summary>
    public static LoadProcess Start(string kind) => new(kind, new("dotnet", [typeof(LoadProcess).Assembly.Location, LoadCommand.Name, kind]));

    /// <summary>Starts something else that keeps to the same rules.</summary>
    public static LoadProcess Start(ProcessStartInfo start) => new(string.Join(' ', start.ArgumentList.Prepend(start.FileName)), start);

    /// <summary>Asks for something, and returns what it answers. One at a time.</summary>
    public async Task<TResult> AskAsync<TResult>(object request, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request, request.GetType(), JsonSerializerOptions.Web).AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        var answer = await _process.StandardOutput.ReadLineAsync(cancellationToken)
            ?? throw new InvalidOperationException($"{_name} has ended without an answer; its error is above.");
        return JsonSerializer.Deserialize<TResult>(answer, JsonSerializerOptions.Web)!;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
