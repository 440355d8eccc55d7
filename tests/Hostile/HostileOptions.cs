using System.Globalization;

namespace Microservices.Tests.Hostile;

/// <summary>What a run is asked to do, by environment variables: see README.md.</summary>
internal sealed record HostileOptions(int Cases, int Seed, int? Only, string? ProgressFile)
{
    /// <summary>As the environment says.</summary>
    public static HostileOptions Read() => new(
        Number("HOSTILE_CASES") ?? 10_000,
        // Another one each day, so that runs together try more; the same for all that is looked into on one day.
        Number("HOSTILE_SEED") ?? DateTime.UtcNow.Date.DayOfYear,
        Number("HOSTILE_CASE"),
        Environment.GetEnvironmentVariable("HOSTILE_PROGRESS") is { Length: > 0 } file ? Path.GetFullPath(file) : null);

    /// <summary>How to see one case again.</summary>
    public string Again(int number) => $"HOSTILE_SEED={Seed} HOSTILE_CASE={number} dotnet test tests/Hostile";

    private static int? Number(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) : null;
}
