using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>Where, and with which versions, something was measured.</summary>
internal static class Machine
{
    /// <summary>The hardware and the operating system.</summary>
    public static string Description => string.Create(CultureInfo.InvariantCulture,
        $"{Cpu()}, {Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, {RuntimeInformation.OSDescription}, Linux {Environment.OSVersion.Version}");

    /// <summary>The commit that was measured, and whether the files were changed since.</summary>
    public static string Commit =>
        $"{Output("git", "-C", Needs.Root, "rev-parse", "--short", "HEAD") ?? "unknown"}{(Output("git", "-C", Needs.Root, "status", "--porcelain", "-uno") is { Length: > 0 } ? " and changes" : "")}";

    /// <summary>The versions of the runtime, and of these packages, as the repository pins them.</summary>
    public static IEnumerable<(string Name, string Version)> Versions(IEnumerable<string> packages)
    {
        var pinned = XDocument.Load(Path.Combine(Needs.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(p => p.Attribute("Include")!.Value, p => p.Attribute("Version")!.Value);
        return [(".NET", Environment.Version.ToString()), .. packages.Select(p => (p, pinned[p]))];
    }

    /// <summary>The first line that a program says of its version; null when it is not there.</summary>
    public static string? VersionOf(string program, params string[] arguments) =>
        Needs.Program(program) is { } path ? Output(path, arguments.Length == 0 ? ["--version"] : arguments) : null;

    /// <summary>The first line that a program prints, whatever its exit code; null when it cannot be run or says nothing.</summary>
    public static string? Output(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (output + error.Result).Split('\n')[0].Trim() is { Length: > 0 } line ? line : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string Cpu() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[1] ?? RuntimeInformation.ProcessArchitecture.ToString();
}
