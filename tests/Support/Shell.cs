using System.Diagnostics;
using System.Globalization;

namespace Microservices.Tests.Support;

/// <summary>What a user does in a shell.</summary>
public static class Shell
{
    /// <summary>Runs a line as if it were pasted into bash, with buf on the PATH; returns the exit code and both outputs.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string command, TimeSpan? timeout = null)
    {
        using var process = Process.Start(Start(command))!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(timeout ?? Eventually.Timeout);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>How it is run: with its input and outputs at hand.</summary>
    public static ProcessStartInfo Start(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Needs.Buf is { } buf)
            start.Environment["PATH"] = Path.GetDirectoryName(Path.GetFullPath(buf)) + ":" + Environment.GetEnvironmentVariable("PATH");
        return start;
    }

    /// <summary>Sends a signal, by its name without SIG. One that is told to STOP has stopped when this returns: a busy machine takes its time for it.</summary>
    public static async Task SignalAsync(int pid, string signal)
    {
        await RunAsync(string.Create(CultureInfo.InvariantCulture, $"kill -s {signal} {pid}"));
        if (signal == "STOP")
            await Eventually.UntilAsync(() => HasStopped(pid), $"process {pid} has stopped");
    }

    /// <summary>The processes that have this NAME=VALUE in their environment and still run; zombies do not.</summary>
    public static IReadOnlyList<int> ProcessesWith(string variable) =>
    [
        .. Directory.GetDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && Read(pid, "environ").Split('\0').Contains(variable) && IsRunning(pid)),
    ];

    // Each thread stops by itself, and one that has ended cannot.
    private static bool HasStopped(int pid)
    {
        try
        {
            return Directory.GetDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task")).All(thread => State(pid, $"task/{Path.GetFileName(thread)}/stat") is not ('R' or 'S' or 'D'));
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
    }

    /// <summary>Whether there is such a process and it is no zombie.</summary>
    public static bool IsRunning(int pid) => State(pid, "stat") is not (null or 'Z' or 'X');

    /// <summary>The command line of a process, its arguments parted by spaces; empty when it has ended.</summary>
    public static string CommandLine(int pid) => Read(pid, "cmdline").Replace('\0', ' ');

    // "1234 (name) S ...": the name may hold anything, the state comes after its end.
    private static char? State(int pid, string file) => Read(pid, file) is { Length: > 0 } stat ? stat[stat.LastIndexOf(')') + 2] : null;

    private static string Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{file}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or is another user's.
            return "";
        }
    }
}
