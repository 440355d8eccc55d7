using System.Diagnostics;
using System.Globalization;

namespace Microservices.Tests.Benchmarks.Article;

/// <summary>
/// The table that made asyncio's case: so many I/O operations of 46 ms, one after the other and all at the same time. Here each is a
/// user looked up over real gRPC, at a service that holds every call up for 46 ms.
/// </summary>
internal static class ArticleScenario
{
    private const double Operation = 0.046;

    // What the article says of 100, 500 and 1,000: one after the other, and concurrently, in seconds.
    private static readonly (int Operations, double Sequential, double Concurrent)[] Printed = [(100, 4.8, 0.19), (500, 22, 0.83), (1000, 46, 1.68)];

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        var counts = plan.Of<int[]>([100, 500, 1000], smoke: [10, 20]);
        var report = new Report("article", "I/O operations of 46 ms, each a user looked up over real gRPC on SQLite at one process of Users that holds every call up for 46 ms (a fault rule). Callers are processes of their own. Concurrently: as often as the time allows, the median of a round. One after the other: the contenders at the same time, since they only wait; 100 and 500 are the first of the 1,000.", plan);
        report.Versions("Grpc.AspNetCore", "Microsoft.EntityFrameworkCore.Sqlite");

        await using var suite = await SuiteProcesses.StartAsync();
        var users = suite.Start("services/Users", "users", SuiteProcesses.Faults(
            "Method=/users.v1.UsersService/GetUser Delay=00:00:00.046", "Method=/users.v1.UsersService/LookupUsers Delay=00:00:00.046"));
        await suite.UntilReadyAsync();
        var ids = await Seed.UsersAsync(users.Address, counts[^1], cancellationToken);

        await using var streamed = LoadProcess.Start("article");
        await using var unary = LoadProcess.Start("article");
        var callers = new List<(string Name, LoadProcess Process, bool ByStream)> { ("call stream", streamed, true), ("unary .NET", unary, false) };
        await using var python = await PythonAsync(report, suite, users.Address);
        if (python is not null)
            callers.Add(("asyncio, grpc.aio", python, false));

        var sequential = await SequentialAsync();
        var concurrent = await Contest.RunAsync(plan, [.. callers.Select(c => new Contender(
            c.Name, [new("users", () => users.Pid), new("the caller", () => c.Process.Pid)], (seconds, cancel) => ConcurrentAsync(c.Process, c.ByStream, seconds, cancel)))], cancellationToken);

        foreach (var measured in new[] { sequential, concurrent })
        {
            var isSequential = measured == sequential;
            measured.Add("limit", Constant(n => isSequential ? n * Operation : Operation));
            if (!plan.Smoke)
                measured.Add("the article's, as printed", Constant(n => Printed.Where(p => p.Operations == n).Select(p => isSequential ? p.Sequential : p.Concurrent).Single()));
        }

        report.Add("One after the other", sequential);
        var section = report.Add("Concurrently", concurrent);
        section.Goal(Name(counts[^1]), "call stream", Goal.AtMost(0.10));
        foreach (var other in new[] { "unary .NET", "asyncio, grpc.aio" })
            section.Ratio(Name(counts[^1]), other, "call stream");
        await report.WriteAsync(cancellationToken);

        async Task<Measured> SequentialAsync()
        {
            var measured = new Measured();
            for (var round = 0; round < plan.Rounds; round++)
            {
                var results = await Task.WhenAll(callers.Select(c => AskAsync(c.Process, c.ByStream, ids, false, cancellationToken)));
                foreach (var (caller, result) in callers.Zip(results))
                {
                    var figures = new Figures();
                    foreach (var count in counts)
                        figures[Name(count)] = result.Seconds[count - 1];
                    measured.Add(caller.Name, figures);
                }
            }

            return measured;
        }

        async Task<Figures> ConcurrentAsync(LoadProcess process, bool byStream, int seconds, CancellationToken cancel)
        {
            var figures = new Figures();
            foreach (var count in counts)
            {
                var times = new List<double>();
                for (var begin = Stopwatch.GetTimestamp(); times.Count == 0 || Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds((double)seconds / counts.Length);)
                    times.Add((await AskAsync(process, byStream, ids[..count], true, cancel)).Seconds[0]);
                figures[Name(count)] = new Figure("", times).Median;
            }

            return figures;
        }

        async Task<ArticleResult> AskAsync(LoadProcess process, bool byStream, string[] userIds, bool isConcurrent, CancellationToken cancel)
        {
            var result = await process.AskAsync<ArticleResult>(new ArticleRequest(users.Address, byStream, userIds, isConcurrent), cancel);
            return result.Failed == 0 ? result : throw new InvalidOperationException($"{result.Failed} of {userIds.Length} operations failed");
        }

        Figures Constant(Func<int, double> value)
        {
            var figures = new Figures();
            foreach (var count in counts)
                figures[Name(count)] = value(count);
            return figures;
        }
    }

    private static string Name(int operations) => string.Create(CultureInfo.InvariantCulture, $"{operations:N0} operations, s");

    private static async Task<LoadProcess?> PythonAsync(Report report, SuiteProcesses suite, string address)
    {
        if (Python.WhyNot("uvloop") is { } why)
        {
            report.LeaveOut("asyncio, grpc.aio", why);
            return null;
        }

        foreach (var (name, version) in Python.Versions("grpc", "uvloop"))
            report.Version(name, version);
        return await Python.StartAsync("article.py", Path.Combine(suite.Folder, "contracts.binpb"), [new Uri(address).Authority]);
    }
}
