using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>
/// The worker process: does what it is told on its standard input, on threads of its own and at a lower priority than others, and reports on its standard output
/// (<c>worker.proto</c>). It ends with its input, and so with the process that has started it, whatever it is doing. It knows no database, no network and no secret.
/// </summary>
internal sealed class WorkerProgram : IDisposable
{
    private const string Command = "worker";
    private readonly Stream input = Console.OpenStandardInput();
    private readonly Stream output = Console.OpenStandardOutput();
    private readonly Lock writing = new();
    private readonly BlockingCollection<WorkerRun> waiting = [];
    private readonly ConcurrentDictionary<long, CancellationTokenSource> runs = [];

    /// <summary>What starts a worker with so many threads.</summary>
    public static IReadOnlyList<string> Arguments(int threads) => [Command, threads.ToString(CultureInfo.InvariantCulture)];

    public static bool IsAskedFor(string[] args) => args is [Command, _];

    /// <summary>Returns when the input has ended.</summary>
    public static int Run(string[] args)
    {
        // Whoever ends its process ends this one by that; a signal to both, as from a terminal, is not for this one.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => signal.Cancel = true);
        using var program = new WorkerProgram();
        // What a library writes is no report.
        Console.SetOut(Console.Error);
        LowerPriority();
        program.Start(int.Parse(args[1], CultureInfo.InvariantCulture));
        program.Listen();
        // At once: nobody waits for what its threads do.
        Environment.Exit(0);
        return 0;
    }

    public void Dispose() => waiting.Dispose();

    // On Linux a thread has the priority of the one that has started it: before there are others.
    private static void LowerPriority()
    {
        try
        {
            using var self = Process.GetCurrentProcess();
            self.PriorityClass = ProcessPriorityClass.BelowNormal;
        }
        catch (Win32Exception)
        {
            // Where that is not allowed it works as others do.
        }
    }

    private void Start(int threads)
    {
        for (var i = 0; i < threads; i++)
            new Thread(DoRuns) { IsBackground = true, Name = $"Jobs {i}" }.Start();
    }

    private void Listen()
    {
        while (WorkerFrames.Read(input, WorkerCommand.Parser) is { } command)
        {
            if (command.Run is { } run)
            {
                runs[run.Number] = new();
                waiting.Add(run);
            }
            else if (runs.TryGetValue(command.Cancel, out var cancelled))
            {
                // In the pool: what is registered with the token does not hold up the next command.
                _ = cancelled.CancelAsync();
            }
        }
    }

    private void DoRuns()
    {
        foreach (var run in waiting.GetConsumingEnumerable())
        {
            var report = Do(run, runs[run.Number].Token);
            runs.TryRemove(run.Number, out _);
            Report(run.Number, report);
        }
    }

    private WorkerReport Do(WorkerRun run, CancellationToken cancellationToken)
    {
        try
        {
            if (JobKinds.Find(run.Kind) is not { } kind)
                return Failed($"No process does jobs of the kind '{run.Kind}'.", isPermanent: false);
            var result = kind.Do(run.Input, new JobProgress(percent => Report(run.Number, new() { Progress = percent }), line => Report(run.Number, new() { LogLine = line })), cancellationToken);
            return result.Length <= Job.MaxContent ? new() { Output = result } : Failed($"Its output has {result.Length} bytes, and may have {Job.MaxContent}.", isPermanent: true);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new() { Cancelled = true };
        }
        catch (JobFailedException exception)
        {
            return Failed(exception.Message, isPermanent: true);
        }
        catch (Exception exception)
        {
            // A fault of the kind's own: its text is for whoever runs the suite.
            Console.Error.WriteLine($"A job of the kind '{run.Kind}' threw: {exception}");
            return Failed($"It failed by a fault ({exception.GetType().Name}).", isPermanent: false);
        }
    }

    private void Report(long number, WorkerReport report)
    {
        report.Number = number;
        lock (writing)
            WorkerFrames.Write(output, report);
    }

    private static WorkerReport Failed(string message, bool isPermanent) => new() { Failure = new WorkerFailure { Message = message, Permanent = isPermanent } };
}
