using System.Text.RegularExpressions;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit;

/// <summary>Many clusters put a proxy for the world outside into the environment of every process.</summary>
public sealed partial class ProxyTests
{
    [Fact]
    public void No_client_of_the_suite_uses_a_proxy_of_the_environment_to_reach_another_part_of_it()
    {
        var files = ((string[])["services", "gateway", "deploy"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Needs.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .ToList();
        var clients = files.SelectMany(file => Client().Matches(File.ReadAllText(file)).Select(match => (File: file, match.Value))).ToList();

        Assert.NotEmpty(clients);
        Assert.All(clients, client => Assert.True(client.Value.Contains("UseProxy = false", StringComparison.Ordinal), $"{client.File}: {client.Value}"));
    }

    // A handler with what is set in it; or a client or channel that makes a handler of its own.
    [GeneratedRegex(@"new SocketsHttpHandler\s*(\(\s*\))?\s*(\{.*?\n?\s*\}[,;)])?|new HttpClient\(\s*\)|new HttpClientHandler\b|GrpcChannel\.ForAddress\([^,;]*\);", RegexOptions.Singleline)]
    private static partial Regex Client();
}
