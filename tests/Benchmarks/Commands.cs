using System.CommandLine;

namespace Microservices.Tests.Benchmarks;

/// <summary>The command line: a command a scenario, <c>all</c>, <c>list</c>, and <c>summary</c>.</summary>
internal static class Commands
{
    private static readonly Option<int> Rounds = new("--rounds") { Description = "How often each contender is measured, in turns. At least 1.", DefaultValueFactory = _ => 5 };
    private static readonly Option<int> Seconds = new("--seconds") { Description = "How long a measurement takes, in seconds. At least 1.", DefaultValueFactory = _ => 5 };
    private static readonly Option<int> WarmUp = new("--warm-up") { Description = "How long each contender runs before the first measurement, in seconds.", DefaultValueFactory = _ => 20 };
    private static readonly Option<string?> Results = new("--results") { Description = "Where the figures go: NAME.json, NAME.md and README.md. Default: results beside this program's source; that of a smoke run, or with --sample: a temporary folder." };
    private static readonly Option<bool> Smoke = new("--smoke") { Description = "Only see that everything works: one round of a second, as little as possible of everything." };

    private static readonly Option<double?> Sample = new("--sample") { Description = "Trace this share of the requests, 0 to 1, with a collector that keeps nothing. Default: no process has a collector." };

    public static RootCommand Root()
    {
        var root = new RootCommand("Benchmarks of the suite. Run them in Release, on a machine that does nothing else.");
        foreach (var (name, description, run) in Scenarios.Each)
            root.Add(Create(name, description, [(name, run)]));
        root.Add(Create("all", "All scenarios, one after the other.", [.. Scenarios.Each.Select(s => (s.Name, s.Run))]));

        var list = new Command("list", "Prints the names of the scenarios.");
        list.SetAction(_ => Console.WriteLine(string.Join('\n', Scenarios.Each.Select(s => s.Name))));
        root.Add(list);

        var summary = new Command("summary", "Writes the summary of the results that are there.") { Results };
        summary.SetAction((parsed, cancellationToken) => Summary.WriteAsync(parsed.GetValue(Results) ?? Report.DefaultFolder, cancellationToken));
        root.Add(summary);
        root.Add(LoadCommand.Create());
        return root;
    }

    private static Command Create(string name, string description, (string Name, Func<Plan, CancellationToken, Task> Run)[] scenarios)
    {
        var command = new Command(name, description) { Rounds, Seconds, WarmUp, Results, Smoke, Sample };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var smoke = parsed.GetValue(Smoke);
            var sample = parsed.GetValue(Sample);
            var results = parsed.GetValue(Results) ?? (smoke || sample is not null ? Path.Combine(Path.GetTempPath(), smoke ? "benchmarks-smoke" : "benchmarks-sampled") : Report.DefaultFolder);
            var plan = smoke ? new Plan(1, 1, 0, results, true) : new Plan(parsed.GetValue(Rounds), parsed.GetValue(Seconds), parsed.GetValue(WarmUp), results, false);
            if (plan.Rounds < 1 || plan.Seconds < 1 || plan.WarmUp < 0)
                throw new ArgumentException("--rounds and --seconds must be at least 1, --warm-up at least 0.");
            await using var collector = await Sampling.BeginAsync(sample);
            var failed = 0;
            foreach (var (scenario, run) in scenarios)
            {
                try
                {
                    await run(plan, cancellationToken);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    // The others are still worth measuring.
                    Console.Error.WriteLine($"{scenario} failed: {exception}");
                    failed++;
                }
            }

            await Summary.WriteAsync(results, cancellationToken);
            return failed == 0 ? 0 : 1;
        });
        return command;
    }
}
