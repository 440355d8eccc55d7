namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>Contenders that deliver events, each at its own peak, and all at half of SignalR's.</summary>
internal static class StreamContest
{
    /// <summary>Adds both to a report.</summary>
    /// <param name="plan">How much to measure.</param>
    /// <param name="report">Where it goes.</param>
    /// <param name="contenders">Subscribed.</param>
    /// <param name="what">What is subscribed: "1,000 subscribers".</param>
    /// <param name="from">Events a second that every contender bears.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(Plan plan, Report report, IReadOnlyList<StreamContender> contenders, string what, double from, CancellationToken cancellationToken)
    {
        var peaks = new Dictionary<string, double>();
        foreach (var contender in contenders)
            peaks[contender.Name] = await contender.FindPeakAsync(plan, from, cancellationToken);

        var warm = plan with { WarmUp = 0 };
        var atPeak = report.Add($"{what}, each at its peak", await ContestAsync(c => peaks[c.Name]));
        var half = peaks["SignalR"] / 2;
        var atHalf = report.Add($"{what}, all at half of SignalR's peak: {half:N0} events/s", await ContestAsync(_ => half));

        atPeak.Ratio("deliveries/s", "event streams", "SignalR");
        atPeak.Ratio("deliveries/s", "event streams", "bare gRPC");
        // Processor time by delivery, the other way round: deliveries a second of processor time.
        atPeak.Ratio(Contest.CpuAnOperation, "SignalR", "event streams", Goal.AtLeast(15));
        atHalf.Ratio(Contest.CpuAnOperation, "SignalR", "event streams");
        atHalf.Ratio("p99, ms", "event streams", "SignalR", Goal.AtMost(0.5));
        atHalf.Ratio("p99, ms", "event streams", "bare gRPC");

        Task<Measured> ContestAsync(Func<StreamContender, double> rate) => Contest.RunAsync(
            warm, [.. contenders.Select(c => new Contender(c.Name, c.Servers, (seconds, cancel) => c.MeasureAsync(rate(c), seconds, cancel)))], cancellationToken);
    }
}
