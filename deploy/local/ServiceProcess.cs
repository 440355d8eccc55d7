using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Microservices.Local;

/// <summary>A replica that runs, its lines going to the terminal.</summary>
internal sealed partial class ServiceProcess
{
    // Waits until the watchdog knows the process, so that there is no moment in which SIGKILL to the launcher leaves it behind; then
    // becomes the service (same process id). Signals of the terminal are for the launcher, which stops the services in order.
    private const string Script = """trap '' INT QUIT HUP; read -r go && exec "$@" </dev/null""";

    private static readonly TimeSpan LastLines = TimeSpan.FromSeconds(1);

    private readonly Process process;

    private ServiceProcess(Replica replica, Process process, Terminal terminal, Watchdog watchdog)
    {
        Replica = replica;
        this.process = process;
        Exited = RunAsync(terminal, watchdog);
    }

    /// <summary>What runs.</summary>
    public Replica Replica { get; }

    /// <summary>Its process id.</summary>
    public int Pid => process.Id;

    /// <summary>Completes when the process has ended and its last lines are on the terminal. Never fails.</summary>
    public Task Exited { get; }

    /// <summary>How it ended, for a message: "code 134 (SIGABRT)".</summary>
    public string ExitDescription => process.ExitCode switch
    {
        134 => "code 134 (SIGABRT)",
        137 => "code 137 (SIGKILL)",
        139 => "code 139 (SIGSEGV)",
        143 => "code 143 (SIGTERM)",
        var code => $"code {code}",
    };

    /// <summary>Starts it.</summary>
    public static ServiceProcess Start(Replica replica, Terminal terminal, Watchdog watchdog)
    {
        var assembly = Repository.Assembly(replica.Service);
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", Repository.Dotnet, assembly])
        {
            // Settings files lie beside the assembly and are looked for in the working directory.
            WorkingDirectory = Path.GetDirectoryName(assembly),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in replica.Settings)
            start.Environment[key] = value;

        var process = Process.Start(start)!;
        watchdog.Watch(process.Id);
        process.StandardInput.Write("go\n");
        process.StandardInput.Dispose();
        return new ServiceProcess(replica, process, terminal, watchdog);
    }

    /// <summary>Asks it to stop.</summary>
    public void Terminate() => Signal(15);

    /// <summary>Ends it at once.</summary>
    public void Kill() => Signal(9);

    private async Task RunAsync(Terminal terminal, Watchdog watchdog)
    {
        var lines = Task.WhenAll(PumpAsync(process.StandardOutput, terminal, false), PumpAsync(process.StandardError, terminal, true));
        await process.WaitForExitAsync();
        watchdog.Forget(Pid);
        // Bounded: a process that it started may hold its end of the pipe open.
        await Task.WhenAny(lines, Task.Delay(LastLines));
    }

    private async Task PumpAsync(StreamReader from, Terminal terminal, bool isError)
    {
        while (await from.ReadLineAsync() is { } line)
            terminal.Write(Replica.Name, line, isError);
    }

    private void Signal(int signal)
    {
        if (!Exited.IsCompleted && !process.HasExited)
            _ = Send(Pid, signal);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int pid, int signal);
}
