using System.Globalization;
using Microservices.Tests.Support;

namespace Microservices.Tests.EndToEnd.Chaos;

/// <summary>A clock for a process that a test starts, which it may step while the process runs: libfaketime's, read again every second. The monotonic clock stays as it is.</summary>
public sealed class SteppedClock : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("clock-").FullName;

    /// <summary>Makes one that is right.</summary>
    public SteppedClock() => Step(TimeSpan.Zero);

    /// <summary>The settings of the process, as environment variables.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = Needs.FakeTime ?? throw new InvalidOperationException("libfaketime is not installed"),
        ["FAKETIME_TIMESTAMP_FILE"] = FilePath,
        ["FAKETIME_CACHE_DURATION"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        // Else waits on a monotonic clock end at once.
        ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
    };

    private string FilePath => Path.Combine(directory, "offset");

    /// <summary>Has it differ from the right time by so much.</summary>
    public void Step(TimeSpan offset)
    {
        var next = Path.Combine(directory, "next");
        File.WriteAllText(next, string.Create(CultureInfo.InvariantCulture, $"{offset.TotalSeconds:+0;-0;+0}\n"));
        File.Move(next, FilePath, overwrite: true);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(directory, recursive: true);
}
