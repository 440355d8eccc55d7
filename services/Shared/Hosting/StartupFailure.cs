using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microservices.Primitives;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting;

/// <summary>
/// How a process ends that cannot start because of its settings: with one line on the standard error output that names the key or the file and says
/// what would be right, and exit code 1. There is no stack trace, since it shows nothing that could be mended in the code. Any other failure is a
/// bug, and ends as .NET has it. In force from <see cref="ServiceDefaults.CreateBuilder"/> until the process has started.
/// </summary>
internal static partial class StartupFailure
{
    private const int ExitCode = 1;
    private static readonly Lock Gate = new();
    private static bool isInstalled;
    private static bool isStarting;
    private static bool hasFailed;

    // What is known of the process's settings; nothing until their files have been read.
    private static IConfiguration settings = new ConfigurationManager();

    /// <summary>The process begins to start.</summary>
    public static void Begin()
    {
        lock (Gate)
        {
            (isStarting, hasFailed, settings) = (true, false, new ConfigurationManager());
            if (isInstalled)
                return;
            isInstalled = true;
            // Services are made, validated and started in many places; a failure of any of them ends here.
            AppDomain.CurrentDomain.UnhandledException += static (_, unhandled) => EndIfPlain(unhandled.ExceptionObject as Exception);
        }
    }

    /// <summary>The process has read its settings, which name the key of a port that cannot be listened on.</summary>
    public static void Read(IConfiguration configuration) => Volatile.Write(ref settings, configuration);

    /// <summary>The process has started.</summary>
    public static void Over() => Volatile.Write(ref isStarting, false);

    /// <summary>Whether loggers of this category report the start and the end of a process.</summary>
    public static bool IsAboutStart(string category) => category is "Microsoft.Extensions.Hosting.Internal.Host" or "Microsoft.AspNetCore.Server.Kestrel";

    /// <summary>Whether the process ends with the one line of this exception, or is already ending, so that the exception need not be logged too.</summary>
    public static bool IsReportedAtExit(Exception? exception)
    {
        if (exception is null || !Volatile.Read(ref isStarting))
            return false;
        // Parts that have started already are stopped, and log that they were cancelled.
        if (Volatile.Read(ref hasFailed))
            return exception is OperationCanceledException;
        if (Describe(exception, Volatile.Read(ref settings)) is null)
            return false;
        Volatile.Write(ref hasFailed, true);
        return true;
    }

    /// <summary>The line; null when the exception is not about settings.</summary>
    internal static string? Describe(Exception exception, IConfiguration configuration) => exception switch
    {
        AggregateException many => DescribeAll(many.Flatten().InnerExceptions, configuration),
        OptionsValidationException invalid => string.Join("; ", invalid.Failures.Distinct()),
        InvalidSettingException invalid => invalid.Message,
        InvalidDataException { InnerException: { } cause } when SettingsFile().Match(exception.Message) is { Success: true } match =>
            $"{match.Groups["file"].Value} {(cause is FormatException ? "must be valid JSON" : "must be readable")}: {Innermost(cause).Message}",
        // A database that does not come may be another than was meant.
        TimeoutException when exception.Message.Contains("ConnectionStrings:", StringComparison.Ordinal) => exception.Message,
        UnauthorizedAccessException when exception.Message.Contains("appsettings", StringComparison.Ordinal) => $"{exception.Message} It must be readable",
        IOException when AddressInUse().Match(exception.Message) is { Success: true } match =>
            $"{KeyOf(match.Groups["url"].Value, configuration)} must be a free port, but {match.Groups["url"].Value} is in use: stop the process that listens there, or choose another port",
        SocketException socket => $"Kestrel:Endpoints must be addresses of this machine; cannot listen on {string.Join(" or ", Urls(configuration).Select(url => url.Value))}: {socket.Message}",
        InvalidOperationException when Conversion().Match(exception.Message) is { Success: true } match =>
            $"{match.Groups["key"].Value} must be {Expected(match.Groups["type"].Value)}, but is '{match.Groups["value"].Value}'",
        InvalidOperationException or FormatException or ArgumentException when exception.Source is { } source
            && source.StartsWith("Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal) => $"Kestrel: {exception.Message}",
        // The binder wraps what is wrong within a list.
        InvalidOperationException { InnerException: { } inner } => Describe(inner, configuration),
        _ => null,
    };

    private static string? DescribeAll(IReadOnlyCollection<Exception> exceptions, IConfiguration configuration)
    {
        var lines = exceptions.Select(exception => Describe(exception, configuration)).Distinct().ToList();
        return lines.Contains(null) || lines.Count == 0 ? null : string.Join("; ", lines);
    }

    private static void EndIfPlain(Exception? exception)
    {
        if (exception is null || !Volatile.Read(ref isStarting) || Describe(exception, Volatile.Read(ref settings)) is not { } line)
            return;
        Console.Out.Flush();
        Console.Error.WriteLine($"Cannot start. {line.ReplaceLineEndings(" ")}");
        Environment.Exit(ExitCode);
    }

    private static Exception Innermost(Exception exception) => exception.InnerException is { } inner ? Innermost(inner) : exception;

    private static string Expected(string typeName)
    {
        var type = Type.GetType(typeName)
            ?? AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetType(typeName)).FirstOrDefault(found => found is not null);
        return type switch
        {
            { IsEnum: true } => $"one of {string.Join(", ", Enum.GetNames(type))}",
            _ when type == typeof(TimeSpan) => "a time such as 00:00:05",
            _ when type == typeof(bool) => "true or false",
            _ when type == typeof(int) || type == typeof(long) => "a whole number",
            _ => string.Create(CultureInfo.InvariantCulture, $"a {typeName[(typeName.LastIndexOf('.') + 1)..]}"),
        };
    }

    private static string KeyOf(string url, IConfiguration configuration) =>
        Urls(configuration).FirstOrDefault(setting => SamePort(setting.Value, url)).Key ?? "Kestrel:Endpoints";

    private static bool SamePort(string setting, string url) =>
        setting == url || (setting.LastIndexOf(':') is var at and > 0 && url.EndsWith(setting[at..].TrimEnd('/'), StringComparison.Ordinal));

    private static IEnumerable<(string Key, string Value)> Urls(IConfiguration configuration) =>
        configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Select(endpoint => (Key: $"{endpoint.Path}:Url", Value: endpoint["Url"] ?? ""))
            .Where(url => url.Value.Length > 0);

    [GeneratedRegex("^Failed to load configuration from file '(?<file>.*)'")]
    private static partial Regex SettingsFile();

    [GeneratedRegex("^Failed to bind to address (?<url>.*): address already in use")]
    private static partial Regex AddressInUse();

    [GeneratedRegex("^Failed to convert configuration value (?:'(?<value>.*)' )?at '(?<key>[^']*)' to type '(?<type>[^']*)'", RegexOptions.Singleline)]
    private static partial Regex Conversion();
}
