using System.Diagnostics;
using Xunit;

namespace Microservices.Tests.Support;

/// <summary>A server or program that a test needs and a machine may lack.</summary>
public enum Need
{
    /// <summary>redis-server on the PATH.</summary>
    RedisServer,

    /// <summary>PostgreSQL's initdb and postgres, on the PATH or where Debian puts them.</summary>
    PostgreSql,

    /// <summary>A Python 3 that can import grpc (Debian: python3-grpcio and python3-protobuf).</summary>
    PythonGrpc,

    /// <summary>The buf command (npm package @bufbuild/buf), on the PATH or named by the variable BUF.</summary>
    Buf,

    /// <summary>curl on the PATH.</summary>
    Curl,

    /// <summary>kubectl on the PATH, for <c>kubectl kustomize</c> (no cluster).</summary>
    Kubectl,

    /// <summary>prometheus and promtool on the PATH.</summary>
    Prometheus,

    /// <summary>jsonnet on the PATH.</summary>
    Jsonnet,

    /// <summary>podman on the PATH, with runc, and root (Debian: podman, runc, uidmap).</summary>
    Podman,

    /// <summary>The npm packages of tests/package.json that read OpenAPI, as tests/tools installs them, and Node.js 20.19 or later.</summary>
    OpenApiTools,

    /// <summary>The npm packages standardwebhooks and svix of tests/package.json, as tests/tools installs them, and Node.js 20.19 or later.</summary>
    WebhookLibraries,

    /// <summary>The npm package oauth4webapi of tests/package.json, as tests/tools installs it, and Node.js 20.19 or later.</summary>
    OAuthClient,

    /// <summary>The browser Chromium on the PATH.</summary>
    Chromium,

    /// <summary>The load generator wrk on the PATH.</summary>
    Wrk,

    /// <summary>The name server dnsmasq on the PATH.</summary>
    Dnsmasq,

    /// <summary>libfaketime, where Debian puts it.</summary>
    FakeTime,

    /// <summary>The sample orders in shared/data/northwind, beside the repository.</summary>
    Northwind,

    /// <summary>The sample webhooks in shared/data/webhooks, beside the repository.</summary>
    GithubWebhooks,
}

/// <summary>
/// A test that needs something a machine may lack. Where it is missing the test is skipped, saying what and why; with
/// TESTS_FORBID_SKIPS=1 (as <c>.ci/run</c> sets) it runs all the same, and fails, unless TESTS_MAY_LACK names the need, in a list separated by spaces.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactNeedingAttribute : FactAttribute
{
    /// <summary>Names what the test needs.</summary>
    public FactNeedingAttribute(params Need[] needs) => Skip = Needs.WhyNot(needs);
}

/// <summary>As <see cref="FactNeedingAttribute"/>, for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TheoryNeedingAttribute : TheoryAttribute
{
    /// <summary>Names what the test needs.</summary>
    public TheoryNeedingAttribute(params Need[] needs) => Skip = Needs.WhyNot(needs);
}

/// <summary>Finds what tests need.</summary>
public static class Needs
{
    /// <summary>Null when everything is there, or when skipping is forbidden; else what is missing and how to get it.</summary>
    public static string? WhyNot(params Need[] needs)
    {
        if (Environment.GetEnvironmentVariable("TESTS_FORBID_SKIPS") == "1")
            needs = [.. needs.Where(MayLack)];

        var missing = needs.Select(Missing).OfType<string>().ToArray();
        return missing.Length == 0 ? null : string.Join("; ", missing);
    }

    /// <summary>The full path of a program: on the PATH, or where Debian puts PostgreSQL's; null when there is none.</summary>
    public static string? Program(string name)
    {
        var postgres = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(d => Path.Combine(d, "bin"))
            : [];
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Concat(postgres)
            .Select(d => Path.Combine(d, name))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>The path of buf.</summary>
    public static string? Buf => Environment.GetEnvironmentVariable("BUF") is { Length: > 0 } buf ? buf : Program("buf");

    /// <summary>A Python that can import grpc; null when there is none. Debian's packages are seen by Debian's Python only.</summary>
    public static string? Python => new[] { "/usr/bin/python3", Program("python3") }.OfType<string>().FirstOrDefault(CanImportGrpc);

    /// <summary>The library that gives a process a clock of its own; null when there is none.</summary>
    public static string? FakeTime => Directory.Exists("/usr/lib") ? Directory.GetDirectories("/usr/lib").Select(d => Path.Combine(d, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists) : null;

    /// <summary>The root of the repository.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The configuration that the tests were built in.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>A file of the Northwind sample.</summary>
    public static string Northwind(string file) => Path.Combine(Root, "..", "shared", "data", "northwind", file);

    /// <summary>The sample webhooks of GitHub.</summary>
    public static string GithubWebhooks { get; } = Path.Combine(Root, "..", "shared", "data", "webhooks", "github.json");

    /// <summary>A program of tests/package.json.</summary>
    public static string NpmTool(string name) => Path.Combine(Root, "tests", ".tools", "node_modules", ".bin", name);

    /// <summary>A file of a package of tests/package.json.</summary>
    public static string NpmModule(string file) => Path.Combine(Root, "tests", ".tools", "node_modules", file);

    private static bool MayLack(Need need) => (Environment.GetEnvironmentVariable("TESTS_MAY_LACK") ?? "").Split(' ').Contains(need.ToString());

    private static string? Missing(Need need) => need switch
    {
        Need.RedisServer when Program("redis-server") is null => "needs redis-server (Debian: redis-server)",
        Need.PostgreSql when Program("initdb") is null => "needs PostgreSQL (Debian: postgresql)",
        Need.PythonGrpc when Python is null => "needs Python with grpc (Debian: python3-grpcio python3-protobuf)",
        Need.Buf when Buf is null => "needs buf (npm install -g @bufbuild/buf)",
        Need.Curl when Program("curl") is null => "needs curl (Debian: curl)",
        Need.Kubectl when Program("kubectl") is null => "needs kubectl, 1.27 or later",
        Need.Prometheus when Program("prometheus") is null || Program("promtool") is null => "needs Prometheus (Debian: prometheus)",
        Need.Jsonnet when Program("jsonnet") is null => "needs jsonnet (Debian: jsonnet)",
        Need.Podman when Program("podman") is null || Program("runc") is null || Environment.UserName != "root" => "needs a container engine: podman with runc, and root (Debian: podman runc)",
        Need.OpenApiTools when !File.Exists(NpmTool("redocly")) || !HasNode => "needs Node.js 20.19 or later and the programs of tests/package.json (source tests/tools)",
        Need.WebhookLibraries when !File.Exists(NpmModule("svix/package.json")) || !HasNode => "needs Node.js 20.19 or later and the packages of tests/package.json (source tests/tools)",
        Need.OAuthClient when !File.Exists(NpmModule("oauth4webapi/build/index.js")) || !HasNode => "needs Node.js 20.19 or later and the packages of tests/package.json (source tests/tools)",
        Need.Chromium when Program("chromium") is null => "needs Chromium (Debian: chromium)",
        Need.Wrk when Program("wrk") is null => "needs wrk (Debian: wrk)",
        Need.Dnsmasq when Program("dnsmasq") is null => "needs dnsmasq (Debian: dnsmasq-base)",
        Need.FakeTime when FakeTime is null => "needs libfaketime (Debian: faketime)",
        Need.Northwind when !File.Exists(Northwind("orders.csv")) => "needs ../shared/data/northwind beside the repository",
        Need.GithubWebhooks when !File.Exists(GithubWebhooks) => "needs ../shared/data/webhooks beside the repository",
        _ => null,
    };

    private static bool HasNode => Program("node") is { } node && Runs(node, "-e", "const [major, minor] = process.versions.node.split('.'); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)");

    private static bool CanImportGrpc(string python) => File.Exists(python) && Runs(python, "-c", "import grpc, google.protobuf");

    private static bool Runs(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static string FindRoot()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            if (File.Exists(Path.Combine(dir.FullName, "Microservices.sln")))
                return dir.FullName;
        }

        throw new InvalidOperationException("The tests run from a checkout: no Microservices.sln above " + AppContext.BaseDirectory);
    }
}
