using System.CommandLine;
using Microservices.Tests.Benchmarks;

// Measures the suite against others, in one run: see README.md beside this file.
var rounds = new Option<int>("--rounds") { Description = "How often each contender is measured, in turns. At least 1.", DefaultValueFactory = _ => 5 };
var seconds = new Option<int>("--seconds") { Description = "How long a measurement takes, in seconds. At least 1.", DefaultValueFactory = _ => 5 };
var warmUp = new Option<int>("--warm-up") { Description = "How long each contender runs before the first measurement, in seconds.", DefaultValueFactory = _ => 30 };
var results = new Option<string>("--results") { Description = "Where the figures go: NAME.json and NAME.md.", DefaultValueFactory = _ => Report.DefaultFolder };

var root = new RootCommand("Benchmarks of the suite. Run them in Release, on a machine that does nothing else.");
foreach (var (name, description, run) in Scenarios.All)
{
    var command = new Command(name, description) { rounds, seconds, warmUp, results };
    command.SetAction(async (parsed, cancellationToken) =>
    {
        var plan = new Plan(parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(warmUp), parsed.GetValue(results)!);
        if (plan.Rounds < 1 || plan.Seconds < 1 || plan.WarmUp < 0)
            throw new ArgumentException("--rounds and --seconds must be at least 1, --warm-up at least 0.");
        foreach (var scenario in run)
            await scenario(plan, cancellationToken);
    });
    root.Add(command);
}

return await root.Parse(args).InvokeAsync();
