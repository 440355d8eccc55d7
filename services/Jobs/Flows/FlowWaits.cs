using System.Globalization;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>Says what a flow waits for, for people.</summary>
internal static class FlowWaits
{
    private const int Told = 3;

    public static string Tell(IReadOnlyList<FlowStep> waiting)
    {
        var jobs = waiting.Count(step => step.Kind == FlowStepKind.Job);
        var others = waiting.Where(step => step.Kind != FlowStepKind.Job).Take(Told).Select(step => step.Kind switch
        {
            FlowStepKind.Sleep => $"'{step.Name}' until {DateTimeOffset.FromUnixTimeMilliseconds(step.DueMs ?? 0).UtcDateTime.ToString("u", CultureInfo.InvariantCulture)}",
            FlowStepKind.Signal => $"the signal '{step.Name}'",
            FlowStepKind.Approval => $"an answer to '{step.Name}': {step.Detail}",
            _ => $"another attempt at '{step.Name}'",
        });
        string[] all = [.. jobs > 0 ? [jobs == 1 ? "a job" : $"{jobs} jobs"] : Array.Empty<string>(), .. others];
        return all.Length == 0 ? "" : $"It waits for {string.Join(", for ", all)}.";
    }
}
