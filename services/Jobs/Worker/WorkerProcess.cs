using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Google.Protobuf;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>One worker process, from its start to its end. Thread-safe.</summary>
internal sealed class WorkerProcess : IDisposable
{
    // What it needs of the environment. It is given no settings, and so no secrets.
    private static readonly string[] Inherited = ["PATH", "HOME", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "DOTNET_EnableDiagnostics"];

    // Of the memory of the container, or else of the machine, in hexadecimal as the runtime reads it: a job that asks for more fails, and its replica has the rest.
    private const string HeapPercent = "28";

    private readonly Lock gate = new();
    private readonly Process process;
    private readonly TimeSpan grace;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<long, Run> runs = [];
    private readonly Channel<WorkerCommand> commands = Channel.CreateUnbounded<WorkerCommand>(new() { SingleReader = true });
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long lastNumber;
    private volatile bool killed;

    private WorkerProcess(Process process, TimeSpan grace, TimeProvider time) => (this.process, Id, this.grace, this.time) = (process, process.Id, grace, time);

    public int Id { get; }

    /// <summary>Completes when it has ended, and everything that ran in it has been told so.</summary>
    public Task Ended => ended.Task;

    /// <summary>It has ended by <see cref="Kill"/>.</summary>
    public bool WasKilled => killed;

    /// <summary>Starts one: this very program, by the runtime that runs it.</summary>
    /// <param name="threads">How many jobs it does at a time.</param>
    /// <param name="grace">How long a run may go on that was asked to end.</param>
    /// <param name="time">The clock.</param>
    public static WorkerProcess Start(int threads, TimeSpan grace, TimeProvider time)
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var start = new ProcessStartInfo(Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet")) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment.Clear();
        foreach (var name in Inherited)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                start.Environment[name] = value;
        }

        start.Environment["DOTNET_GCHeapHardLimitPercent"] = HeapPercent;
        start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        foreach (var argument in WorkerProgram.Arguments(threads))
            start.ArgumentList.Add(argument);
        var worker = new WorkerProcess(Process.Start(start)!, grace, time);
        // Reading and writing block, and the pool has few threads.
        new Thread(worker.Listen) { IsBackground = true, Name = "Reports of the worker" }.Start();
        new Thread(worker.Tell) { IsBackground = true, Name = "Commands to the worker" }.Start();
        return worker;
    }

    /// <summary>
    /// Does a job. When the token fires the run is asked to end; if it has not within the grace, the process is killed, and what else runs in it is interrupted. Returns when
    /// it does nothing for the job any more; throws nothing.
    /// </summary>
    public async Task<RunEnd> RunAsync(string kind, byte[] input, RunReport report, CancellationToken cancellationToken)
    {
        var run = new Run(report);
        var number = Interlocked.Increment(ref lastNumber);
        runs[number] = run;
        if (!commands.Writer.TryWrite(new() { Run = new WorkerRun { Number = number, Kind = kind, Input = UnsafeByteOperations.UnsafeWrap(input) } }))
            run.End(RunEndKind.Interrupted);
        await ((Task)run.Ended).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!run.Ended.IsCompleted)
        {
            run.IsCancelled = true;
            commands.Writer.TryWrite(new() { Cancel = number });
            await ((Task)run.Ended).WaitAsync(grace, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!run.Ended.IsCompleted)
                Kill();
        }

        var end = await run.Ended;
        runs.TryRemove(number, out _);
        return end;
    }

    /// <summary>Kills it, unless it has ended. What runs in it, and was not asked to end, is interrupted.</summary>
    public void Kill()
    {
        lock (gate)
        {
            if (ended.Task.IsCompleted)
                return;
            killed = true;
            process.Kill();
        }
    }

    /// <summary>Kills it, unless it has ended.</summary>
    public void Dispose() => Kill();

    private void Listen()
    {
        try
        {
            var output = process.StandardOutput.BaseStream;
            while (WorkerFrames.Read(output, WorkerReport.Parser) is { } report)
            {
                if (runs.TryGetValue(report.Number, out var run))
                    run.Told(report);
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or ObjectDisposedException)
        {
            // It is as good as dead.
        }

        End();
    }

    private void End()
    {
        commands.Writer.TryComplete();
        lock (gate)
        {
            process.Kill();
            process.WaitForExit();
            foreach (var run in runs.Values)
                run.End(run.IsCancelled ? RunEndKind.Cancelled : killed ? RunEndKind.Interrupted : RunEndKind.Died);
            ended.SetResult();
            process.Dispose();
        }
    }

    private void Tell()
    {
        try
        {
            var input = process.StandardInput.BaseStream;
            while (commands.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (commands.Reader.TryRead(out var command))
                    WorkerFrames.Write(input, command);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // It has died, which whoever listens to it sees.
        }
    }

    private sealed class Run(RunReport report)
    {
        private readonly TaskCompletionSource<RunEnd> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<RunEnd> Ended => ended.Task;

        public bool IsCancelled { get; set; }

        public void Told(WorkerReport told)
        {
            switch (told.ReportCase)
            {
                case WorkerReport.ReportOneofCase.Progress:
                    report.Progress(told.Progress);
                    break;
                case WorkerReport.ReportOneofCase.LogLine:
                    report.Log(told.LogLine);
                    break;
                case WorkerReport.ReportOneofCase.Output:
                    ended.TrySetResult(new(RunEndKind.Succeeded, told.Output.ToByteArray()));
                    break;
                case WorkerReport.ReportOneofCase.Failure:
                    ended.TrySetResult(new(RunEndKind.Failed, Error: told.Failure.Message, IsPermanent: told.Failure.Permanent));
                    break;
                case WorkerReport.ReportOneofCase.Cancelled:
                    End(RunEndKind.Cancelled);
                    break;
            }
        }

        public void End(RunEndKind kind) => ended.TrySetResult(new(kind));
    }
}
