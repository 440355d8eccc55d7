using System.Diagnostics;

namespace Microservices.Local;

/// <summary>
/// Sees to it that no service outlives the launcher, whatever ends it: SIGKILL leaves it no time to stop anything itself. A shell
/// reads from a pipe which processes run; the pipe ends when the launcher does, and the shell stops what still runs.
/// The services need not know of it.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    // Every line replaces the list, so that a process id is not remembered (and killed) after it has been given to somebody else.
    private const string Script = """
        trap '' INT QUIT HUP TERM
        running=
        while read -r line; do running=$line; done
        [ -z "$running" ] && exit 0
        kill -s TERM $running 2>/dev/null
        tenths=0
        while [ $tenths -lt 50 ]; do
            left=
            for pid in $running; do kill -0 "$pid" 2>/dev/null && left="$left $pid"; done
            [ -z "$left" ] && exit 0
            sleep 0.1
            tenths=$((tenths + 1))
        done
        kill -s KILL $left 2>/dev/null
        """;

    private readonly Lock gate = new();
    private readonly List<int> running = [];
    private readonly Process shell;

    /// <summary>Starts watching.</summary>
    public Watchdog() => shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, "local-watchdog"])
    {
        RedirectStandardInput = true,
        WorkingDirectory = "/",
    })!;

    /// <summary>From now on, this process does not outlive the launcher.</summary>
    public void Watch(int pid) => Tell(() => running.Add(pid));

    /// <summary>The process has ended; its id may be another's soon.</summary>
    public void Forget(int pid)
    {
        try
        {
            Tell(() => running.Remove(pid));
        }
        catch (IOException) when (shell.HasExited)
        {
            // Somebody killed the watchdog: it will kill nobody.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        shell.StandardInput.Dispose();
        shell.WaitForExit();
        shell.Dispose();
    }

    private void Tell(Action change)
    {
        lock (gate)
        {
            change();
            shell.StandardInput.Write(string.Join(' ', running) + '\n');
            shell.StandardInput.Flush();
        }
    }
}
