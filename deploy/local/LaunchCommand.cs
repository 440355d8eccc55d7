using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.InteropServices;
using Microservices.Local.Render;
using Npgsql;

namespace Microservices.Local;

/// <summary>The command line: its options, what is wrong with them, and the exit codes.</summary>
internal static partial class LaunchCommand
{
    private static readonly string Description = $"""
        Runs the suite on this machine: an embedded Redis, {string.Join(", ", Catalog.Services.Select(s => s.Name))}, each a process of its own, and
        Aspire's dashboard, with the logs, traces and metrics of all of them. Ctrl-C or SIGTERM stops all of it.

        Usage from anywhere in a checkout:
          dotnet run --project deploy/local [-- options]

        Exit codes:
          0  stopped because it was asked to
          1  nothing was started: a wrong option, a taken port, a service that is not built
          2  a service was not ready in time, or exited by itself; the others were stopped
        """;

    /// <summary>The data directory where none is named.</summary>
    public static string DefaultData => Path.Combine(Repository.Root, ".data");

    /// <summary>Where the suite keeps its files.</summary>
    public static readonly Option<string?> Data = new("--data")
    {
        HelpName = "DIR",
        Description = "Where keys, passwords and databases are; it survives a restart [default: .data in the repository]",
        Validators = { r => Check(r, "wants a directory", v => v.Trim().Length > 0) },
    };

    private static readonly Option<string?> Redis = new("--redis")
    {
        HelpName = "HOST:PORT",
        Description = "A Redis to use instead of the embedded one",
        Validators = { r => Check(r, "wants HOST:PORT, such as 127.0.0.1:6379", IsHostAndPort) },
    };

    private static readonly Option<string?> Postgres = new("--postgres")
    {
        HelpName = "CONNECTION",
        Description = "A PostgreSQL to use instead of SQLite files, such as 'Host=localhost;Username=me;Database=suite'",
        Validators = { r => Check(r, "wants Npgsql's form, such as 'Host=localhost;Username=me;Database=suite'", IsPostgres) },
    };

    private static readonly Option<string[]> Replicas = new("--replicas")
    {
        HelpName = "SERVICE=N",
        Description = $"Run N processes of a service (1 to {Catalog.MaxReplicas}), each further one on ports {Catalog.ReplicaStep} higher; repeatable",
        Validators = { CheckReplicas },
    };

    private static readonly Option<int> ReadyTimeout = new("--ready-timeout")
    {
        HelpName = "SECONDS",
        Description = "How long the services may take to become ready",
        DefaultValueFactory = _ => 60,
        Validators = { r => Check(r, "wants a number of seconds from 1 to 3600", v => Number(v) is >= 1 and <= 3600) },
    };

    private static readonly Option<bool> NoBuild = new("--no-build")
    {
        Description = "Run what was built before. 'dotnet run' does the building, so give this one to it: before any '--'",
    };

    private static readonly Option<bool> NoDashboard = new("--no-dashboard")
    {
        Description = $"Leave out Aspire's dashboard (http://localhost:{Catalog.DashboardPort}), and print the services' logs here",
    };

    private static readonly Option<bool> Tls = new("--tls")
    {
        Description = "Speak TLS, with a certificate authority and certificates that are made in the data directory",
    };

    private static readonly Option<bool> StopWithParent = new("--stop-with-parent")
    {
        Hidden = true,
        Description = "Stop once the process that started this one is gone",
    };

    /// <summary>Runs the launch with the options in the arguments; returns the exit code.</summary>
    public static Task<int> InvokeAsync(string[] args, Func<LaunchOptions, Task> launch)
    {
        var command = new RootCommand(Description) { Data, Redis, Postgres, Replicas, ReadyTimeout, NoBuild, NoDashboard, Tls, StopWithParent, TokenCommand.Create(), KeysCommand.Create(), RenderCommand.Create() };
        command.SetAction((result, _) => ReportAsync(() => launch(Options(result))));

        var parsed = command.Parse(args);
        if (parsed.Action is ParseErrorAction wrong)
            wrong.ShowHelp = false;
        // Signals are the host's: stopping a suite takes longer than the library would wait.
        return parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    /// <summary>Does something and returns the exit code; what went wrong is on standard error, in a line of its own.</summary>
    public static async Task<int> ReportAsync(Func<Task> action)
    {
        try
        {
            await action();
            return 0;
        }
        catch (LaunchException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return e.ExitCode;
        }
    }

    /// <summary>The data directory, as a full path.</summary>
    public static string DataOf(ParseResult result) => result.GetValue(Data) is { } data ? Path.GetFullPath(data) : DefaultData;

    private static LaunchOptions Options(ParseResult result) => new()
    {
        Data = DataOf(result),
        Redis = result.GetValue(Redis),
        Postgres = result.GetValue(Postgres),
        Replicas = (result.GetValue(Replicas) ?? []).Select(r => r.Split('=')).ToDictionary(r => r[0], r => Number(r[1])),
        ReadyTimeout = TimeSpan.FromSeconds(result.GetValue(ReadyTimeout)),
        Dashboard = !result.GetValue(NoDashboard),
        Tls = result.GetValue(Tls),
        Parent = result.GetValue(StopWithParent) ? GetParent() : null,
    };

    private static void Check(OptionResult result, string problem, Func<string, bool> isRight)
    {
        foreach (var token in result.Tokens.Where(t => !isRight(t.Value)))
            result.AddError($"{result.Option.Name} {problem}, not '{token.Value}'");
    }

    private static void CheckReplicas(OptionResult result)
    {
        var names = Catalog.Services.Select(s => s.Name).ToArray();
        Check(result, $"wants SERVICE=N with a service of {string.Join(", ", names)} and N from 1 to {Catalog.MaxReplicas}", v =>
            v.Split('=') is [var name, var number] && names.Contains(name) && Number(number) is >= 1 and <= Catalog.MaxReplicas);
        foreach (var twice in result.Tokens.GroupBy(t => t.Value.Split('=')[0]).Where(g => g.Count() > 1))
            result.AddError($"{result.Option.Name} names {twice.Key} twice");
    }

    private static bool IsHostAndPort(string value) =>
        value.LastIndexOf(':') is > 0 and var colon && Number(value[(colon + 1)..]) is >= 1 and <= 65535;

    private static bool IsPostgres(string value)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(value).Host is { Length: > 0 };
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParent();
}
