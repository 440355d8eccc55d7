using System.Diagnostics;
using System.Runtime.InteropServices;
using Microservices.Tests.Benchmarks.Harness;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Benchmarks;

/// <summary>Alone, since what other tests use and start is this process's, too.</summary>
[CollectionDefinition(nameof(ProcessUsageTests), DisableParallelization = true)]
[Collection(nameof(ProcessUsageTests))]
public sealed class ProcessUsageTests
{
    // /proc counts user and system time in steps of 10 ms each, and a thread that runs up to a step late.
    private static readonly TimeSpan Steps = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(500);

    [Fact]
    public void Processor_time_is_what_the_process_used()
    {
        var start = Environment.CpuUsage.TotalTime;
        var before = ProcessUsage.Of(Environment.ProcessId).Cpu;
        var began = Environment.CpuUsage.TotalTime;
        while (Environment.CpuUsage.TotalTime - began < Work)
            Thread.SpinWait(1_000);
        var used = ProcessUsage.Of(Environment.ProcessId).Cpu - before;

        Assert.InRange(used, Work - Steps, Environment.CpuUsage.TotalTime - start + Steps);
    }

    [Fact]
    public void Memory_is_what_the_process_has_touched_and_not_given_back()
    {
        const int bytes = 256 << 20;
        var before = ProcessUsage.Of(Environment.ProcessId).Resident;
        var block = Marshal.AllocHGlobal(bytes);
        for (var i = 0; i < bytes; i += Environment.SystemPageSize)
            Marshal.WriteByte(block, i, 1);
        var with = ProcessUsage.Of(Environment.ProcessId).Resident;
        Marshal.FreeHGlobal(block);
        var after = ProcessUsage.Of(Environment.ProcessId).Resident;

        // The runtime takes and gives back some of its own meanwhile.
        Assert.InRange(with - before, bytes * 0.75, bytes * 1.25);
        Assert.InRange(with - after, bytes * 0.75, bytes * 1.25);
    }

    [Theory]
    [InlineData("orders")]
    [InlineData("a b")]
    [InlineData("(sd-pam)")]
    [InlineData(") R 1 (2) 3")]
    [InlineData("")]
    public void A_command_may_have_any_name(string name) => Assert.Equal(
        TimeSpan.FromSeconds(3.21),
        ProcessUsage.CpuOf($"4711 ({name}) S 1 4711 4711 0 -1 4194304 5000 60 7 8 300 21 900 90 20 0 17 0 1234 2048 512\n"));

    [Fact]
    public async Task What_a_process_has_started_counts_until_it_has_ended()
    {
        var folder = Directory.CreateTempSubdirectory("usage-").FullName;
        var shell = Path.Combine(folder, "sh) S 1 (2 3");
        File.Copy("/bin/sh", shell);
        // The shell itself only waits: for its child, which works until its input is at its end.
        using var process = Process.Start(new ProcessStartInfo(shell, ["-c", $"'{shell}' -c 'while :; do :; done' & read end; kill $!; wait"]) { RedirectStandardInput = true })!;
        try
        {
            await Eventually.UntilAsync(() => ProcessUsage.Of(process.Id).Cpu >= Work, "the child's processor time is counted");
            process.Refresh();
            Assert.InRange(process.TotalProcessorTime, TimeSpan.Zero, Work / 2);
            Assert.True(ProcessUsage.Of(process.Id).Resident > process.WorkingSet64);
        }
        finally
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }

        Assert.Equal(default, ProcessUsage.Of(process.Id));
    }
}
