using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace Microservices.Tests.Support;

/// <summary>
/// A replica of a service as a process of its own, on free ports, that a test may kill and start again: the launcher would take its
/// end for the suite's. It ends with the test's process, however that ends.
/// </summary>
public sealed class ReplicaProcess : IAsyncDisposable
{
    // Its standard input is the test's: when that ends without a word, its owner is gone and the service gets SIGKILL. The shell becomes
    // the service, so that the process id is the service's. Ctrl-C is for the tests.
    private const string Script = """trap '' INT HUP; exec 3<&0; (read -r _ <&3 || kill -s KILL $$) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-""";

    private readonly StringBuilder output = new();
    private readonly string assembly;
    private readonly IReadOnlyDictionary<string, string> settings;
    private readonly int managementPort = Eventually.FreePort();
    private Process? process;

    /// <summary>Raised for every line that it writes, on threads of the pool, one line after the other of each of its outputs.</summary>
    public event Action<string>? Written;

    /// <summary>Starts it.</summary>
    /// <param name="folder">The service's folder in the checkout: "services/Orders".</param>
    /// <param name="settings">Its settings, as environment variables. It takes the tokens of the tests' authority unless they name another one.</param>
    /// <param name="http">Whether it has a REST port, as the gateway does.</param>
    public ReplicaProcess(string folder, IReadOnlyDictionary<string, string> settings, bool http = false)
    {
        assembly = AssemblyOf(folder);
        Address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Eventually.FreePort()}");
        var ports = new Dictionary<string, string>();
        if (!settings.ContainsKey("Auth__Authority"))
        {
            foreach (var (key, value) in Tokens.SettingsOf(Path.GetFileName(folder).ToLowerInvariant()))
                ports[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        foreach (var (key, value) in settings)
            ports[key] = value;
        foreach (var (key, value) in new Dictionary<string, string>
        {
            ["Kestrel__Endpoints__Grpc__Url"] = Address,
            ["Kestrel__Endpoints__Management__Url"] = Management,
        })
            ports[key] = value;
        if (http)
        {
            HttpPort = Eventually.FreePort();
            ports["Kestrel__Endpoints__Http__Url"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{HttpPort}");
        }

        this.settings = ports;
        Start();
    }

    /// <summary>The program of a service, built as the tests are; of Release, what is deployed.</summary>
    /// <param name="folder">The service's folder in the checkout: "services/Orders".</param>
    public static string AssemblyOf(string folder)
    {
        var project = Directory.GetFiles(Path.Combine(Needs.Root, folder), "*.csproj").Single();
        return Path.Combine(Needs.Root, folder, "bin", Needs.Configuration, "net10.0", Needs.Configuration == "Release" ? "publish" : "", Path.ChangeExtension(Path.GetFileName(project), "dll"));
    }

    /// <summary>Its gRPC address, also after a restart.</summary>
    public string Address { get; }

    /// <summary>Its process id; another one after each start.</summary>
    public int Pid => process?.Id ?? throw new InvalidOperationException("It does not run");

    /// <summary>Its REST port, also after a restart; 0 for none.</summary>
    public int HttpPort { get; }

    /// <summary>The name of its service: "Orders".</summary>
    public string Service => Path.GetFileNameWithoutExtension(assembly);

    /// <summary>Where health and metrics are: without a slash at the end.</summary>
    public string Management => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{managementPort}");

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => process is { HasExited: false };

    /// <summary>The processor time it has used so far.</summary>
    public TimeSpan Cpu
    {
        get
        {
            process!.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Its resident memory, in bytes.</summary>
    public long Memory
    {
        get
        {
            process!.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>All that it has written so far, in all its lives.</summary>
    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    /// <summary>Starts it again, after <see cref="KillAsync"/> or <see cref="StopAsync"/>.</summary>
    public void Start()
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", "dotnet", assembly])
        {
            WorkingDirectory = Path.GetDirectoryName(assembly),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in settings)
            start.Environment[key] = value;
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Add(e.Data);
        process.ErrorDataReceived += (_, e) => Add(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Returns when it is ready.</summary>
    public async Task UntilReadyAsync()
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var answer = "";
        try
        {
            await Eventually.UntilAsync(async () => !IsRunning || await IsReadyAsync(), $"{Path.GetFileName(assembly)} is ready");
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}; last: {answer}\n{Output}");
        }

        if (!IsRunning)
            throw new InvalidOperationException($"{Path.GetFileName(assembly)} has ended:\n{Output}");

        async Task<bool> IsReadyAsync()
        {
            try
            {
                using var response = await http.GetAsync(new Uri($"{Management}/health/ready"));
                answer = $"{response.StatusCode} {await response.Content.ReadAsStringAsync()}";
                return response.StatusCode == HttpStatusCode.OK;
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                answer = exception.Message;
                return false;
            }
        }
    }

    /// <summary>What it measures: the sum of a metric over its labels.</summary>
    public async Task<double> MetricAsync(string name)
    {
        using var http = new HttpClient();
        var lines = (await http.GetStringAsync(new Uri($"{Management}/metrics"))).Split('\n');
        return lines.Where(l => l.StartsWith(name, StringComparison.Ordinal) && l.Length > name.Length && l[name.Length] is '{' or ' ')
            .Sum(l => double.Parse(l.Split(' ')[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Ends it by SIGKILL, and returns when it is gone.</summary>
    public async Task KillAsync()
    {
        process?.Kill();
        await UntilGoneAsync();
    }

    /// <summary>Asks it to stop, by SIGTERM; returns its exit code when it is gone.</summary>
    public async Task<int> StopAsync()
    {
        await Shell.SignalAsync(process!.Id, "TERM");
        return await UntilGoneAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await KillAsync();

    private async Task<int> UntilGoneAsync()
    {
        if (process is null)
            return 0;
        await process.WaitForExitAsync().WaitAsync(Eventually.Timeout);
        var code = process.ExitCode;
        try
        {
            process.StandardInput.Write('\n');
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Nobody was left to read it.
        }

        process.Dispose();
        process = null;
        return code;
    }

    private void Add(string? line)
    {
        if (line is not null)
        {
            lock (output)
                output.Append(line).Append('\n');
            Written?.Invoke(line);
        }
    }
}
