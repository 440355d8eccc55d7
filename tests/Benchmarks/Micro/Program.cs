using System.Reflection;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Microservices.Tests.Support;

// `--smoke` runs each once; every other argument is BenchmarkDotNet's. The tables go to tests/Benchmarks/results, a smoke run's nowhere.
var smoke = args.Contains("--smoke");
string[] rest = [.. args.Where(a => a != "--smoke")];
var artifacts = Directory.CreateTempSubdirectory("micro-").FullName;
var config = DefaultConfig.Instance
    // In this process: what it would build elsewhere would be built by the rules of this repository.
    .AddJob((smoke ? Job.Dry : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .WithArtifactsPath(artifacts);
var summaries = BenchmarkSwitcher.FromAssembly(Assembly.GetExecutingAssembly()).Run(rest.Length > 0 ? rest : ["--filter", "*"], config).ToArray();

Directory.CreateDirectory(Path.Combine(Needs.Root, "tests", "Benchmarks", "results"));
foreach (var table in smoke ? [] : Directory.GetFiles(artifacts, "*-report-github.md", SearchOption.AllDirectories))
    File.Copy(table, Path.Combine(Needs.Root, "tests", "Benchmarks", "results", $"micro-{Path.GetFileName(table).Split('.')[^2].Replace("-report-github", "", StringComparison.Ordinal)}.md"), overwrite: true);
Directory.Delete(artifacts, recursive: true);
return summaries.Length > 0 && summaries.All(s => !s.HasCriticalValidationErrors && s.Reports.All(r => r.Success)) ? 0 : 1;
