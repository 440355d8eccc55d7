using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Grpc.Net.Client;
using Microservices.Tests.Support;

namespace Microservices.Tests.EndToEnd;

/// <summary>
/// The suite as a user runs it: deploy/local as a process, its output, and the processes that it starts. Its data directory is
/// temporary unless one is given. Disposing stops it, and fails the test if it leaves a process behind.
/// </summary>
public sealed partial class Suite : IAsyncDisposable
{
    /// <summary>Users's gRPC address; the first replica's.</summary>
    public const string Users = "http://127.0.0.1:5001";

    /// <summary>Orders's gRPC address; the first replica's.</summary>
    public const string Orders = "http://127.0.0.1:5002";

    /// <summary>Notifications's gRPC address; the first replica's.</summary>
    public const string Notifications = "http://127.0.0.1:5003";

    /// <summary>Webhooks's gRPC address; the first replica's.</summary>
    public const string Webhooks = "http://127.0.0.1:5006";

    /// <summary>The gateway's gRPC address.</summary>
    public const string GatewayGrpc = "http://127.0.0.1:8081";

    /// <summary>The gateway's REST address.</summary>
    public const string Gateway = "http://127.0.0.1:8080";

    /// <summary>How long a stop may take, as promised.</summary>
    public static readonly TimeSpan StopPromise = TimeSpan.FromSeconds(10);

    /// <summary>Where it is started from: what it prints to be copied is meant from there.</summary>
    public static readonly string WorkingDirectory = Path.GetTempPath();

    private const string MarkVariable = "SUITE_UNDER_TEST";

    private readonly string mark = Guid.NewGuid().ToString("N");
    private readonly string? temporary;
    private readonly StringBuilder output = new();
    private readonly Process process;
    private readonly SuiteTokens tokens;

    private Suite(string program, IEnumerable<string> arguments, string? data, IReadOnlyDictionary<string, string>? environment)
    {
        temporary = data is null ? Directory.CreateTempSubdirectory("suite-").FullName : null;
        Data = data ?? temporary!;
        tokens = new SuiteTokens(Data);
        Http = new HttpClient(Tokens.Bearer(new SocketsHttpHandler(), _ => OperatorAsync())) { BaseAddress = new Uri(Gateway) };
        // Who started the tests may ignore Ctrl-C and hang-ups, as nohup does; what it starts would inherit that.
        var start = new ProcessStartInfo("env", ["--default-signal", program, .. arguments, "--data", Data])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = WorkingDirectory,
        };
        start.Environment[MarkVariable] = mark;
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;

        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Add(e.Data);
        process.ErrorDataReceived += (_, e) => Add(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Calls the gateway, as an operator.</summary>
    public HttpClient Http { get; }

    /// <summary>Where the services keep their databases.</summary>
    public string Data { get; }

    /// <summary>All that was written to the terminal so far.</summary>
    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    /// <summary>The process ids of the services by name ("orders-2"), as the table shows them.</summary>
    public IReadOnlyDictionary<string, int> Pids =>
        TableRow().Matches(Output).ToDictionary(m => m.Groups["name"].Value, m => int.Parse(m.Groups["pid"].ValueSpan, CultureInfo.InvariantCulture));

    /// <summary>The commands that were printed to be copied.</summary>
    public IReadOnlyList<string> Commands => [.. Command().Matches(Output).Select(m => m.Groups["command"].Value)];

    /// <summary>The process that was started, for signals.</summary>
    public int Pid => process.Id;

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>Starts the suite and returns when it is ready.</summary>
    /// <param name="options">Options of deploy/local.</param>
    /// <param name="data">The data directory; null for a temporary one.</param>
    /// <param name="environment">Settings, which the services inherit.</param>
    /// <param name="dashboard">With the dashboard, as a user starts it. It takes as much time and memory as two services.</param>
    public static async Task<Suite> StartAsync(
        IEnumerable<string>? options = null, string? data = null, IReadOnlyDictionary<string, string>? environment = null, bool dashboard = false)
    {
        var suite = Launch(options, data, environment, dashboard: dashboard);
        try
        {
            await suite.UntilReadyAsync();
            return suite;
        }
        catch
        {
            await suite.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the launcher and returns at once; that of another checkout, and as it was built there, if these are named.</summary>
    public static Suite Launch(
        IEnumerable<string>? options = null, string? data = null, IReadOnlyDictionary<string, string>? environment = null, string? root = null, string? configuration = null,
        bool dashboard = false)
    {
        var launcher = Path.Combine(root ?? Needs.Root, "deploy", "local", "bin", configuration ?? Needs.Configuration, "net10.0", "Local.dll");
        // Should the tests be killed, it stops.
        return new Suite("dotnet", [launcher, "--stop-with-parent", "--no-build", .. dashboard ? Array.Empty<string>() : ["--no-dashboard"], .. options ?? []], data, environment);
    }

    /// <summary>Starts it by the command of the README, with what is built already.</summary>
    public static Suite LaunchByDotnetRun() => new("dotnet",
        ["run", "--project", Path.Combine(Needs.Root, "deploy", "local"), "-c", Needs.Configuration, "--no-build"], null, null);

    /// <summary>Returns when all services are ready; fails with the output when the launcher ends before.</summary>
    public async Task UntilReadyAsync()
    {
        await Eventually.UntilAsync(() => Output.Contains("\nReady after", StringComparison.Ordinal) || process.HasExited, "the suite is ready");
        if (process.HasExited)
        {
            await process.WaitForExitAsync();
            throw new InvalidOperationException($"The launcher ended with exit code {process.ExitCode}:\n{Output}");
        }
    }

    /// <summary>Returns when the launcher has ended and all its output is there; fails when that takes longer than allowed.</summary>
    public async Task<int> UntilExitAsync(TimeSpan? within = null)
    {
        await process.WaitForExitAsync().WaitAsync(within ?? Eventually.Timeout);
        return process.ExitCode;
    }

    /// <summary>An access token of a demo account.</summary>
    public ValueTask<string> TokenAsync(string account) => tokens.OfAsync(account);

    /// <summary>An access token of the operator.</summary>
    public ValueTask<string> OperatorAsync() => TokenAsync("operator");

    /// <summary>A channel whose calls the operator makes.</summary>
    public GrpcChannel ChannelTo(string address) => Tokens.Channel(address, _ => OperatorAsync());

    /// <summary>Stops it as Ctrl-C or a service manager would; returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        if (!process.HasExited)
            await Shell.SignalAsync(Pid, "TERM");
        return await UntilExitAsync(StopPromise);
    }

    /// <summary>The processes that came of this launch, directly or not, and still run. Zombies do not count.</summary>
    public IReadOnlyList<int> Running() => Shell.ProcessesWith($"{MarkVariable}={mark}");

    /// <summary>Returns the process of this launch whose command line has a text, once there is one.</summary>
    public async Task<int> FindAsync(string text)
    {
        var found = 0;
        await Eventually.UntilAsync(() => (found = Running().FirstOrDefault(pid => Shell.CommandLine(pid).Contains(text, StringComparison.Ordinal))) > 0, $"{text} runs");
        return found;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
            await Eventually.UntilAsync(() => Running().Count == 0, "no process is left behind", StopPromise);
        }
        finally
        {
            foreach (var pid in Running())
                await Shell.SignalAsync(pid, "KILL");
            process.Dispose();
            Http.Dispose();
            if (temporary is not null)
                Directory.Delete(temporary, recursive: true);
        }
    }

    private void Add(string? line)
    {
        if (line is not null)
        {
            lock (output)
                output.Append(line).Append('\n');
        }
    }

    [GeneratedRegex(@"^(?<name>[a-z]+(-\d)?) +(?<pid>\d+) +localhost:", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"^  (?<command>(T=|curl |grpcurl |buf ).*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Command();
}
