using System.Runtime.InteropServices;

namespace Microservices.Local;

/// <summary>
/// Tells when the launcher is asked to stop: by Ctrl-C, by SIGTERM, by its terminal going away, or (when asked to mind that) by the
/// end of the process that started it.
/// </summary>
internal sealed partial class StopRequest : IDisposable
{
    private static readonly TimeSpan ParentCheckInterval = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource requested = new();
    private readonly PosixSignalRegistration[] registrations;
    private readonly Timer? parentCheck;

    /// <summary>Starts listening.</summary>
    public StopRequest(bool stopWithParent)
    {
        registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(Register)];
        if (stopWithParent && !OperatingSystem.IsWindows())
        {
            var parent = GetParent();
            parentCheck = new Timer(_ => RequestIf(GetParent() != parent), null, ParentCheckInterval, ParentCheckInterval);
        }
    }

    /// <summary>Cancelled once a stop is asked for.</summary>
    public CancellationToken Token => requested.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        parentCheck?.Dispose();
        foreach (var registration in registrations)
            registration.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        RequestIf(true);
    });

    private void RequestIf(bool condition)
    {
        if (condition)
            requested.Cancel();
    }

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParent();
}
