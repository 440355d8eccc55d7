using System.Diagnostics;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>A process that cannot start, as a person sees it: it ends with one line that says why, and nothing that looks like a crash.</summary>
internal static class FailedStart
{
    /// <summary>Starts a process and asserts how it ends.</summary>
    /// <param name="folder">The process: "services/Orders".</param>
    /// <param name="settings">What it is told over what would be right, as environment variables.</param>
    /// <param name="said">What the line has.</param>
    /// <param name="prepare">What is to be in its directory.</param>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> OfAsync(string folder, (string Variable, string Value)[] settings, string[] said, Action<string>? prepare = null)
    {
        var directory = Directory.CreateTempSubdirectory("suite-");
        prepare?.Invoke(directory.FullName);
        var start = new ProcessStartInfo("dotnet", [ReplicaProcess.AssemblyOf(folder)])
        {
            WorkingDirectory = directory.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, setting) in new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Kestrel__Endpoints__Grpc__Url"] = "http://127.0.0.1:0",
            ["Kestrel__Endpoints__Management__Url"] = "http://127.0.0.1:0",
            ["ConnectionStrings__Database"] = "Data Source=orders.db",
            ["Backends__Users__Addresses__0"] = "http://127.0.0.1:1",
            ["ConnectionStrings__Redis"] = "127.0.0.1:1",
        })
            start.Environment[name] = setting;
        foreach (var (name, setting) in Tokens.SettingsOf("orders"))
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = setting;
        foreach (var (variable, value) in settings)
            start.Environment[variable] = value;

        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        using var timeout = new CancellationTokenSource(Eventually.Timeout);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var errors = process.StandardError.ReadToEndAsync(timeout.Token);
        await process.WaitForExitAsync(timeout.Token);
        var took = Stopwatch.GetElapsedTime(started);
        directory.Delete(recursive: true);

        var line = Assert.Single((await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(1, process.ExitCode);
        Assert.StartsWith("Cannot start. ", line, StringComparison.Ordinal);
        Assert.All(said, what => Assert.True(line.Contains(what, StringComparison.Ordinal), $"Not '{what}', but: {line}"));
        Assert.DoesNotContain("Unhandled exception", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", await output, StringComparison.Ordinal);
        Assert.DoesNotContain((await output).Split('\n'), logged => logged.Contains("\"Critical\"", StringComparison.Ordinal) || logged.Contains("\"Error\"", StringComparison.Ordinal));
        return took;
    }
}
