using System.Collections.Concurrent;
using System.Diagnostics;
using Microservices.Tests.Hostile.Cases;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.Hostile;

/// <summary>Whatever is sent, the sender is told what is wrong with it, nothing breaks, and nobody else notices.</summary>
public sealed class HostileTests(ITestOutputHelper print)
{
    private const int Senders = 8;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan MaxCase = TimeSpan.FromSeconds(60);

    // Two cores do all of it, the senders' part too: this is what no queue of one caller's making would keep to.
    private const int MaxSlower = 20;
    private static readonly TimeSpan AnyCaller = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<int, string> underWay = [];

    [FactNeeding(Need.RedisServer)]
    public async Task Whatever_is_sent_is_answered_by_what_is_wrong_with_it_and_harms_nobody()
    {
        var options = HostileOptions.Read();
        await using var suite = await HostileSuite.StartAsync();
        var corpus = await CorpusReader.ReadAsync(suite);
        using var cases = new CaseMaker(suite, corpus, options.Seed);
        await using var watch = new ProcessWatch(suite.All, () => string.Join("; ", underWay.OrderBy(c => c.Key).Select(c => $"{c.Key} {c.Value}")));
        await using var good = await GoodCaller.StartAsync(suite);

        // What runs for the first time is compiled; that is not what is compared.
        await Task.Delay(Quiet / 3);
        good.TakeP99();
        await Task.Delay(Quiet);
        var quiet = good.TakeP99();

        var findings = new Findings(options);
        var clock = Stopwatch.StartNew();
        await using var progress = new Progress(options.ProgressFile, options.Cases, () => $"{findings.Count} kinds of findings, {watch.Lines.Count} of lines; {watch.Peaks}");
        var numbers = options.Only is { } only ? [only] : Enumerable.Range(0, options.Cases);
        await Parallel.ForEachAsync(numbers, new ParallelOptions { MaxDegreeOfParallelism = Senders }, async (number, cancelled) =>
        {
            var hostile = cases.Make(number);
            underWay[number] = hostile.Kind;
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
            timeout.CancelAfter(MaxCase);
            try
            {
                if (await hostile.SendAsync(timeout.Token) is { } problem)
                    findings.Add(number, hostile, problem);
            }
            catch (OperationCanceledException)
            {
                findings.Add(number, hostile, $"took longer than {MaxCase.TotalSeconds} s");
            }
            catch (Exception unforeseen)
            {
                findings.Add(number, hostile, $"{unforeseen}");
            }

            underWay.Remove(number, out var _);
            progress.Add();
        });
        var took = clock.Elapsed;
        var loud = good.TakeP99();
        await good.StopAsync();
        var problems = watch.Problems.ToArray();

        print.WriteLine($"Seed {options.Seed}: {options.Cases} cases in {took.TotalSeconds:0} s; a good caller's p99 {quiet.TotalMilliseconds:0} ms before, {loud.TotalMilliseconds:0} ms beside; {watch.Peaks}");
        var report = string.Join('\n', (string[])
        [
            .. findings.Any ? [$"Answers:\n{findings}"] : Array.Empty<string>(),
            .. watch.Lines.Count > 0 ? [$"Logged ({watch.Lines.Count}):\n{string.Join('\n', watch.Lines.Take(20))}"] : Array.Empty<string>(),
            .. problems.Select(problem => $"Process: {problem}"),
            .. good.Problems.Count > 0 ? [$"A good caller ({good.Problems.Count}):\n{string.Join('\n', good.Problems.Take(20))}"] : Array.Empty<string>(),
        ]);
        Assert.True(report.Length == 0, $"{report}\nSeed {options.Seed}: HOSTILE_SEED={options.Seed}");
        Assert.True(loud <= quiet * MaxSlower || loud <= AnyCaller, $"A good caller's p99 was {quiet.TotalMilliseconds:0} ms, and {loud.TotalMilliseconds:0} ms beside the others");
    }
}
