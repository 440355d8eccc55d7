using System.Globalization;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>What one measurement gave: a value a name, with its unit ("requests/s").</summary>
internal sealed class Figures : OrderedDictionary<string, double>
{
    /// <summary>How many operations it was; then the servers' processor time is also reported by operation.</summary>
    public double? Operations { get; set; }
}

/// <summary>A server whose processor time and memory are reported.</summary>
/// <param name="Name">What to call it: "orders".</param>
/// <param name="Pid">Its process; what that has started counts, too. Asked again for each measurement, since it may be restarted.</param>
internal sealed record Server(string Name, Func<int> Pid);

/// <summary>One of those that are compared.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Servers">The processes that do its work; the load generator is none of them.</param>
/// <param name="MeasureAsync">Measures it for some seconds.</param>
internal sealed record Contender(string Name, IReadOnlyList<Server> Servers, Func<int, CancellationToken, Task<Figures>> MeasureAsync);

/// <summary>Measures contenders in turns, so that what changes in the machine meanwhile meets all of them: A B C, A B C, ...</summary>
internal static class Contest
{
    /// <summary>The figure that is added when a measurement says how many operations it was.</summary>
    public const string CpuAnOperation = "CPU of the servers, us an operation";

    /// <summary>Warms each up, then measures each once a round. Every contender has the figures of its first round in every other.</summary>
    public static async Task<Measured> RunAsync(Plan plan, IReadOnlyList<Contender> contenders, CancellationToken cancellationToken)
    {
        foreach (var contender in contenders)
        {
            if (plan.WarmUp > 0)
                await contender.MeasureAsync(plan.WarmUp, cancellationToken);
        }

        var measured = new Measured();
        for (var round = 0; round < plan.Rounds; round++)
        {
            foreach (var contender in contenders)
            {
                var figures = await MeasureAsync(contender, plan.Seconds, cancellationToken);
                measured.Add(contender.Name, figures);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{round + 1}/{plan.Rounds} {contender.Name}: ") + string.Join(", ", figures.Select(f => $"{f.Key} {Figure.Text(f.Value)}")));
            }
        }

        return measured;
    }

    private static async Task<Figures> MeasureAsync(Contender contender, int seconds, CancellationToken cancellationToken)
    {
        var before = contender.Servers.Select(s => ProcessUsage.Of(s.Pid()).Cpu).ToArray();
        var figures = await contender.MeasureAsync(seconds, cancellationToken);
        var after = contender.Servers.Select(s => ProcessUsage.Of(s.Pid())).ToArray();

        var cpu = after.Zip(before, (a, b) => (a.Cpu - b).TotalSeconds).ToArray();
        if (figures.Operations is { } operations && cpu.Length > 0)
            figures[CpuAnOperation] = cpu.Sum() * 1e6 / operations;
        for (var i = 0; i < cpu.Length; i++)
        {
            figures[$"CPU of {contender.Servers[i].Name}, s"] = cpu[i];
            figures[$"memory of {contender.Servers[i].Name}, MiB"] = after[i].Resident / (1024.0 * 1024);
        }

        return figures;
    }
}

/// <summary>What was measured: a value a round of each figure of each contender, in the order they came.</summary>
internal sealed class Measured
{
    private readonly OrderedDictionary<string, OrderedDictionary<string, List<double>>> _rounds = [];

    /// <summary>The contenders.</summary>
    public IEnumerable<string> Contenders => _rounds.Keys;

    /// <summary>The figures of a contender, each round by round.</summary>
    public IEnumerable<(string Name, IReadOnlyList<double> Rounds)> Of(string contender) => _rounds[contender].Select(f => (f.Key, (IReadOnlyList<double>)f.Value));

    /// <summary>One figure of one contender, round by round; null when it did not take part.</summary>
    public IReadOnlyList<double>? Find(string contender, string figure) => _rounds.GetValueOrDefault(contender)?.GetValueOrDefault(figure);

    /// <summary>Adds a round of a contender.</summary>
    /// <exception cref="InvalidOperationException">It has other figures than the first: then the rounds of one would be taken for those of another.</exception>
    public void Add(string contender, Figures figures)
    {
        if (!_rounds.TryGetValue(contender, out var known))
            _rounds[contender] = known = new(figures.Select(f => KeyValuePair.Create(f.Key, new List<double>())));
        if (!known.Keys.ToHashSet().SetEquals(figures.Keys))
            throw new InvalidOperationException($"{contender} had the figures {string.Join("; ", known.Keys)} before, and now {string.Join("; ", figures.Keys)}.");
        foreach (var (name, value) in figures)
            known[name].Add(value);
    }
}
