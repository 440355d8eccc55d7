using Microsoft.Extensions.Hosting;

namespace Microservices.Local;

/// <summary>
/// The lines of the services on the terminal: all of them without the dashboard; beside it, which has them all, warnings and errors only. A
/// service that cannot start says why in one line, with which the suite ends.
/// </summary>
internal sealed class ConsoleLogs(Plan plan, DistributedApplicationModel model, ResourceLoggerService logs, Terminal terminal, Suite suite) : BackgroundService
{
    private const string CannotStart = "Cannot start. ";

    // How a line begins that is the orchestrator's, about the service.
    private const string Orchestrators = "[sys] ";

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(plan.Replicas.Select(replica => FollowAsync(replica.Name, stoppingToken)));

    private async Task FollowAsync(string name, CancellationToken stop)
    {
        try
        {
            await foreach (var lines in logs.WatchAsync(model.Resources.Single(resource => resource.Name == name)).WithCancellation(stop))
            {
                foreach (var line in lines)
                    Write(name, WithoutTime(line.Content), line.IsErrorMessage);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The suite stops.
        }
    }

    private void Write(string name, string line, bool isError)
    {
        if (isError && line.StartsWith(CannotStart, StringComparison.Ordinal))
            suite.Fail($"{name} cannot start: {plan.ByOption(line[CannotStart.Length..])}");
        else if (isError || !(plan.Options.Dashboard || line.StartsWith(Orchestrators, StringComparison.Ordinal)))
            terminal.Write(name, line, isError);
    }

    // Aspire puts the time before each line; the services' lines have their own.
    private static string WithoutTime(string line) =>
        line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var end && DateTimeOffset.TryParseExact(line.AsSpan(0, end), "o", null, default, out _) ? line[(end + 1)..] : line;
}
