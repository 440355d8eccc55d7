using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting;

/// <summary>
/// How a process ends that cannot start because of its settings: with one line on the standard error output that names the key and says what
/// would be right, and exit code 1. No stack trace, since it shows nothing that could be mended in the code. What is no matter of settings is a
/// bug, and ends as .NET has it. In force from <see cref="ServiceDefaults.AddServiceDefaults"/> until the process has started.
/// </summary>
internal static partial class StartupFailure
{
    private const int ExitCode = 1;
    private static readonly Lock Gate = new();
    private static bool isInstalled;
    private static bool hasFailed;

    // Of the process that starts; null when it has.
    private static IConfiguration? starting;

    /// <summary>From now on.</summary>
    public static void Begin(IConfiguration configuration)
    {
        lock (Gate)
        {
            (starting, hasFailed) = (configuration, false);
            if (isInstalled)
                return;
            isInstalled = true;
            // Not a catch around Main: services are made, validated and started in many places, and all of them end here.
            AppDomain.CurrentDomain.UnhandledException += static (_, unhandled) => EndIfPlain(unhandled.ExceptionObject as Exception);
        }
    }

    /// <summary>The process has started.</summary>
    public static void Over() => Volatile.Write(ref starting, null);

    /// <summary>Whether a logger is of those that say how a process starts and ends.</summary>
    public static bool IsAboutStart(string category) => category is "Microsoft.Extensions.Hosting.Internal.Host" or "Microsoft.AspNetCore.Server.Kestrel";

    /// <summary>Whether the process ends with the one line of this exception, or ends already, so that it need not be logged as well.</summary>
    public static bool IsToldAtTheEnd(Exception? exception)
    {
        if (exception is null || Volatile.Read(ref starting) is not { } configuration)
            return false;
        // What has started already is stopped, and may say so.
        if (Volatile.Read(ref hasFailed))
            return exception is OperationCanceledException;
        if (Describe(exception, configuration) is null)
            return false;
        Volatile.Write(ref hasFailed, true);
        return true;
    }

    /// <summary>The line; null when the exception is not about settings.</summary>
    internal static string? Describe(Exception exception, IConfiguration configuration) => exception switch
    {
        AggregateException many => DescribeAll(many.Flatten().InnerExceptions, configuration),
        OptionsValidationException invalid => string.Join("; ", invalid.Failures),
        IOException when AddressInUse().Match(exception.Message) is { Success: true } match =>
            $"Configuration {KeyOf(match.Groups["url"].Value, configuration)}: {match.Groups["url"].Value} is in use: stop the process that listens there, or choose another port",
        SocketException socket => $"Configuration Kestrel:Endpoints: cannot listen on {string.Join(" or ", Urls(configuration).Select(url => url.Value))}: {socket.Message}",
        InvalidOperationException when Conversion().Match(exception.Message) is { Success: true } match =>
            $"Configuration {match.Groups["key"].Value}: '{match.Groups["value"].Value}' is not {Expected(match.Groups["type"].Value)}",
        { Message: var message } when message.StartsWith("Configuration ", StringComparison.Ordinal) || message.Contains("ConnectionStrings:", StringComparison.Ordinal) => message,
        InvalidOperationException or FormatException or ArgumentException when exception.Source is { } source
            && source.StartsWith("Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal) => $"Configuration Kestrel: {exception.Message}",
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
        if (exception is null || Volatile.Read(ref starting) is not { } configuration || Describe(exception, configuration) is not { } line)
            return;
        Console.Out.Flush();
        Console.Error.WriteLine($"Cannot start. {line.ReplaceLineEndings(" ")}");
        Environment.Exit(ExitCode);
    }

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

    [GeneratedRegex("^Failed to bind to address (?<url>.*): address already in use")]
    private static partial Regex AddressInUse();

    [GeneratedRegex("^Failed to convert configuration value (?:'(?<value>.*)' )?at '(?<key>[^']*)' to type '(?<type>[^']*)'", RegexOptions.Singleline)]
    private static partial Regex Conversion();
}
