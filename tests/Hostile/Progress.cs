using System.Diagnostics;
using System.Globalization;

namespace Microservices.Tests.Hostile;

/// <summary>Says how far a long run is: a line every half minute, at the end of a file that HOSTILE_PROGRESS names. Nothing where none is named.</summary>
internal sealed class Progress : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource over = new();
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly Task telling;
    private int done;

    /// <summary>Begins to tell.</summary>
    /// <param name="file">Where; null: nowhere.</param>
    /// <param name="cases">How many cases there are.</param>
    /// <param name="more">What else to say.</param>
    public Progress(string? file, int cases, Func<string> more) => telling = file is null ? Task.CompletedTask : TellAsync(file, cases, more);

    /// <summary>A case is over.</summary>
    public void Add() => Interlocked.Increment(ref done);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await telling;
        over.Dispose();
    }

    private async Task TellAsync(string file, int cases, Func<string> more)
    {
        using var timer = new PeriodicTimer(Period);
        try
        {
            while (await timer.WaitForNextTickAsync(over.Token))
            {
                await File.AppendAllTextAsync(
                    file,
                    string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed:hh\\:mm\\:ss} {Volatile.Read(ref done):N0} of {cases:N0}; {more()}; this process {Environment.WorkingSet >> 20} MB\n"),
                    over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
