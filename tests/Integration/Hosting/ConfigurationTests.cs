using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>A wrong setting stops the process and names the key: as a person sees it, with the real process.</summary>
public sealed class ConfigurationTests
{
    [Theory]
    [InlineData("Kestrel__Endpoints__Grpc__Url", "", "Kestrel:Endpoints:Grpc:Url")]
    [InlineData("ConnectionStrings__Database", "", "ConnectionStrings:Database")]
    [InlineData("ConnectionStrings__Database", "Nonsense=1", "ConnectionStrings:Database")]
    [InlineData("ConnectionStrings__Redis", "", "ConnectionStrings:Redis")]
    [InlineData("Backends__Users__Addresses__0", "ftp://users", "Backends:Users:Addresses:0")]
    [InlineData("Drain__Window", "00:00:00", "Drain:Window")]
    [InlineData("Drain__Window", "soon", "Drain:Window")]
    [InlineData("Persistence__MigrationTimeout", "-00:00:01", "Persistence:MigrationTimeout")]
    [InlineData("PlaceOrders__MaxBatch", "0", "PlaceOrders:MaxBatch")]
    [InlineData("Faults__Rules__0__Status", "Internal", "Faults")]
    [InlineData("Kestrel__Endpoints__Http__Url", "foo", "Kestrel:Endpoints:Http:Url", "'foo' is not an address")]
    [InlineData("Kestrel__Endpoints__Grpc__Url", "http://localhost:99999", "Kestrel:Endpoints:Grpc:Url", "'http://localhost:99999' is not an address")]
    [InlineData("Kestrel__Endpoints__Management__Url", "localhost:9001", "Kestrel:Endpoints:Management:Url", "such as http://")]
    [InlineData("Kestrel__Endpoints__Management__Url", "https://127.0.0.1:0", "Kestrel", "certificate")]
    [InlineData("Kestrel__Endpoints__Grpc__Url", "http://203.0.113.1:5001", "Kestrel:Endpoints", "http://203.0.113.1:5001")]
    [InlineData("Logging__LogLevel__Default", "Loud", "Logging:LogLevel:Default", "Warning")]
    [InlineData("Logging__Console__LogLevel__Grpc", "Loud", "Logging:Console:LogLevel:Grpc", "Warning")]
    [InlineData("LogThrottle__Lines", "0", "LogThrottle:Lines", "from 1 to 10000")]
    [InlineData("LogThrottle__Period", "never", "LogThrottle:Period", "'never' is not a time")]
    [InlineData("Persistence__IdempotencyRetention", "24", "Persistence:IdempotencyRetention", "a time such as")]
    [InlineData("Persistence__CommandTimeout", "30", "Persistence:CommandTimeout", "a time such as")]
    [InlineData("Outbox__Retention", "7", "Outbox:Retention", "a time such as")]
    [InlineData("EventLog__IdleTopicRetention", "48:00:00", "EventLog:IdleTopicRetention", "a time such as")]
    [InlineData("EventStreams__MaxAge", "1", "EventStreams:MaxAge", "a time such as")]
    [InlineData("Backends__Users__ConnectTimeout", "2", "Backends:Users:ConnectTimeout", "a time such as")]
    [InlineData("PlaceOrders__MaxBatch", "many", "PlaceOrders:MaxBatch", "a whole number")]
    [InlineData("ConnectionStrings__Redis", "localhost:port,foo=bar", "ConnectionStrings:Redis")]
    [InlineData("ConnectionStrings__Database", "Data Source", "ConnectionStrings:Database")]
    [InlineData("ConnectionStrings__Database", "Host=127.0.0.1;Port=abc;Database=x", "ConnectionStrings:Database", "PostgreSQL")]
    [InlineData("ConnectionStrings__Database", "Host=127.0.0.1;Pasword=secret;Database=x", "ConnectionStrings:Database", "PostgreSQL")]
    [InlineData("ConnectionStrings__Database", "Data Source=orders.db;Colour=red", "ConnectionStrings:Database", "SQLite")]
    [InlineData("ConnectionStrings__Database", "Data Source=orders.db;Pooling=perhaps", "ConnectionStrings:Database", "SQLite")]
    [InlineData("ConnectionStrings__Database", "Data Source=/proc/nothing/orders.db", "ConnectionStrings:Database", "/proc/nothing")]
    public Task A_wrong_setting_stops_the_process_and_is_named(string variable, string value, string key, string mend = "") =>
        EndsAsync([(variable, value)], key, mend);

    [Fact]
    public Task A_value_that_is_none_of_those_allowed_is_named_with_those_that_are() => EndsAsync(
        [("ASPNETCORE_ENVIRONMENT", "Development"), ("Faults__Rules__0__Status", "Broken")], "Faults:Rules:0:Status", "'Broken' is not one of OK, Cancelled");

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_its_key()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        await EndsAsync([("Kestrel__Endpoints__Management__Url", $"http://{taken.LocalEndpoint}")], "Kestrel:Endpoints:Management:Url", "is in use");
    }

    private static async Task EndsAsync((string Variable, string Value)[] settings, string key, string mend)
    {
        var directory = Directory.CreateTempSubdirectory("suite-");
        var start = new ProcessStartInfo("dotnet", [ReplicaProcess.AssemblyOf("services/Orders")])
        {
            WorkingDirectory = directory.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, setting) in new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Kestrel__Endpoints__Grpc__Url"] = "http://127.0.0.1:0",
            ["Kestrel__Endpoints__Management__Url"] = "http://127.0.0.1:0",
            ["ConnectionStrings__Database"] = "Data Source=orders.db",
            ["Backends__Users__Addresses__0"] = "http://127.0.0.1:1",
            ["ConnectionStrings__Redis"] = "127.0.0.1:1",
        })
            start.Environment[name] = setting;
        foreach (var (variable, value) in settings)
            start.Environment[variable] = value;

        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Eventually.Patience);
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var errors = process.StandardError.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        directory.Delete(recursive: true);

        var line = Assert.Single((await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains(key, line, StringComparison.Ordinal);
        Assert.Contains(mend, line, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", line, StringComparison.Ordinal);
        Assert.DoesNotContain((await output).Split('\n'), logged => logged.Contains("\"Critical\"", StringComparison.Ordinal) || logged.Contains("\"Error\"", StringComparison.Ordinal));
    }
}
