namespace Microservices.Tests.Support;

/// <summary>
/// A file that this process writes anew again and again, as long as it lives, and that is gone with it. Whoever reads it finds it whole.
/// </summary>
internal sealed class RenewedFile : IDisposable
{
    private readonly Func<string> content;
    private readonly Timer timer;

    /// <summary>Writes it.</summary>
    /// <param name="name">What it is called, with something that makes it unique.</param>
    /// <param name="content">What it has.</param>
    /// <param name="period">How often it is written.</param>
    public RenewedFile(string name, Func<string> content, TimeSpan period)
    {
        this.content = content;
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"{name}-{Guid.NewGuid():N}");
        Write();
        timer = new Timer(_ => Write(), null, period, period);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        timer.Dispose();
        File.Delete(Path);
    }

    private void Write()
    {
        var next = $"{Path}.{Guid.NewGuid():N}";
        File.WriteAllText(next, content());
        File.Move(next, Path, overwrite: true);
    }
}
