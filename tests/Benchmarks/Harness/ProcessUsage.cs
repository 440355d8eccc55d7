using System.Globalization;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>What a process and all that came of it have used, as the operating system counts it (/proc): Linux only.</summary>
/// <param name="Cpu">Processor time so far, user and system, of those that still run. In steps of 10 ms.</param>
/// <param name="Resident">Resident memory, in bytes: a page that two of them share counts twice.</param>
internal readonly record struct ProcessUsage(TimeSpan Cpu, long Resident)
{
    // What Linux reports to programs, whatever the kernel was built with.
    private const double TicksPerSecond = 100;

    /// <summary>Of a process and its descendants; nothing when it has ended.</summary>
    public static ProcessUsage Of(int pid)
    {
        var own = OfOne(pid);
        foreach (var child in Children(pid))
        {
            var more = Of(child);
            own = new(own.Cpu + more.Cpu, own.Resident + more.Resident);
        }

        return own;
    }

    private static ProcessUsage OfOne(int pid)
    {
        var stat = Read(pid, "stat");
        if (stat.Length == 0)
            return default;
        var resident = Read(pid, "status").Split('\n').FirstOrDefault(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        var kilobytes = resident is null ? 0 : long.Parse(resident.AsSpan(6, resident.Length - 6 - " kB".Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
        return new(CpuOf(stat), kilobytes * 1024);
    }

    /// <summary>The processor time that a /proc/PID/stat tells.</summary>
    internal static TimeSpan CpuOf(string stat)
    {
        // "1234 (name) S ...": the name may hold anything. After it, utime and stime are the 12th and 13th.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    private static IEnumerable<int> Children(int pid)
    {
        var threads = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task");
        if (!Directory.Exists(threads))
            return [];
        try
        {
            return [.. Directory.GetDirectories(threads)
                .SelectMany(t => File.ReadAllText(Path.Combine(t, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(c => int.Parse(c, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            // A thread, or the process, ended meanwhile.
            return [];
        }
    }

    private static string Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{file}"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
