using System.Net;
using System.Net.Sockets;

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
    [InlineData("PlaceOrders__MaxBatch", "0", "PlaceOrders:MaxBatch must be from 1 to 1000, but is 0")]
    [InlineData("Faults__Rules__0__Status", "Internal", "Faults", "Development")]
    [InlineData("Kestrel__Endpoints__Http__Url", "foo", "Kestrel:Endpoints:Http:Url", "must be an address to listen on, such as http://localhost:5001, but is 'foo'")]
    [InlineData("Kestrel__Endpoints__Grpc__Url", "http://localhost:99999", "Kestrel:Endpoints:Grpc:Url", "but is 'http://localhost:99999'")]
    [InlineData("Kestrel__Endpoints__Management__Url", "localhost:9001", "Kestrel:Endpoints:Management:Url", "such as http://")]
    [InlineData("Kestrel__Endpoints__Management__Url", "https://127.0.0.1:0", "Kestrel", "certificate")]
    [InlineData("Kestrel__Endpoints__Grpc__Url", "http://203.0.113.1:5001", "Kestrel:Endpoints", "http://203.0.113.1:5001")]
    [InlineData("Logging__LogLevel__Default", "Loud", "Logging:LogLevel:Default", "Warning")]
    [InlineData("Logging__Console__LogLevel__Grpc", "Loud", "Logging:Console:LogLevel:Grpc", "Warning")]
    [InlineData("LogThrottle__Lines", "0", "LogThrottle:Lines", "from 1 to 10000")]
    [InlineData("LogThrottle__Period", "never", "LogThrottle:Period", "must be a time such as 00:00:05, but is 'never'")]
    [InlineData("Persistence__IdempotencyRetention", "24", "Persistence:IdempotencyRetention", "a time such as")]
    [InlineData("Persistence__CommandTimeout", "30", "Persistence:CommandTimeout", "a time such as")]
    [InlineData("Outbox__Retention", "7", "Outbox:Retention", "a time such as")]
    [InlineData("EventLog__IdleTopicRetention", "48:00:00", "EventLog:IdleTopicRetention", "a time such as")]
    [InlineData("EventStreams__MaxAge", "1", "EventStreams:MaxAge", "a time such as")]
    [InlineData("Backends__Users__ConnectTimeout", "2", "Backends:Users:ConnectTimeout", "a time such as")]
    [InlineData("PlaceOrders__MaxBatch", "many", "PlaceOrders:MaxBatch", "must be a whole number, but is 'many'")]
    [InlineData("ConnectionStrings__Redis", "localhost:port,foo=bar", "ConnectionStrings:Redis")]
    [InlineData("ConnectionStrings__Database", "Data Source", "ConnectionStrings:Database")]
    [InlineData("ConnectionStrings__Database", "Host=127.0.0.1;Port=abc;Database=x", "ConnectionStrings:Database", "PostgreSQL")]
    [InlineData("ConnectionStrings__Database", "Host=127.0.0.1;Pasword=secret;Database=x", "ConnectionStrings:Database", "PostgreSQL")]
    [InlineData("ConnectionStrings__Database", "Data Source=orders.db;Colour=red", "ConnectionStrings:Database", "SQLite")]
    [InlineData("ConnectionStrings__Database", "Data Source=orders.db;Pooling=perhaps", "ConnectionStrings:Database", "SQLite")]
    [InlineData("ConnectionStrings__Database", "Data Source=/proc/nothing/orders.db", "ConnectionStrings:Database", "/proc/nothing")]
    [InlineData("PlaceOrders__MaxBach", "5", "PlaceOrders:MaxBach is not a setting", "PlaceOrders:MaxBatch")]
    [InlineData("EventLog__MaxByte", "5", "EventLog:MaxByte is not a setting", "EventLog:MaxBytes")]
    [InlineData("Backends__Users__Adresses__0", "http://127.0.0.1:1", "Backends:Users:Adresses is not a setting", "Backends:Users:Addresses")]
    [InlineData("EventLog__MaxBytes", "5", "EventLog:MaxBytes must be from 1048576 (1 MiB) to 1099511627776 (1 TiB), but is 5")]
    public Task A_wrong_setting_stops_the_process_and_is_named(string variable, string value, string key, string mend = "") =>
        EndsAsync([(variable, value)], key, mend);

    [Theory]
    [InlineData("Limits__UserBurst", "99", "Limits:UserBurst must be from 100 to 10000000, but is 99")]
    [InlineData("Limits__AddressRate", "0", "Limits:AddressRate must be from 1 to 1000000")]
    [InlineData("Limits__RedisTimeout", "5", "Limits:RedisTimeout", "a time such as")]
    [InlineData("Limits__UserRates", "5", "Limits:UserRates is not a setting", "Limits:UserRate")]
    [InlineData("ConnectionStrings__Redis", "", "ConnectionStrings:Redis")]
    [InlineData("Proxies__Trusted__0", "10.0.0.0", "Proxies:Trusted:0", "must be a network such as 10.0.0.0/8")]
    public Task So_does_a_wrong_setting_of_the_gateway(string variable, string value, string key, string mend = "") =>
        FailedStart.OfAsync("gateway", [("Kestrel__Endpoints__Http__Url", "http://127.0.0.1:0"), (variable, value)], [key, mend]);

    [Fact]
    public Task A_value_that_is_none_of_those_allowed_is_named_with_those_that_are() => EndsAsync(
        [("ASPNETCORE_ENVIRONMENT", "Development"), ("Faults__Rules__0__Status", "Broken")], "Faults:Rules:0:Status", "must be one of OK, Cancelled");

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_its_key()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        await EndsAsync([("Kestrel__Endpoints__Management__Url", $"http://{taken.LocalEndpoint}")], "Kestrel:Endpoints:Management:Url", "is in use");
    }

    [Theory]
    [InlineData("""{ "PlaceOrders": { "MaxBatch": 5 """, "must be valid JSON")]
    [InlineData("""{ "PlaceOrders": { "MaxBatch": 5, } } }""", "LineNumber: 0")]
    [InlineData("""{ "Drain": 1, "Drain": 2 }""", "A duplicate key 'Drain' was found")]
    [InlineData("""[ 1 ]""", "must be valid JSON")]
    [InlineData("", "must be valid JSON")]
    [InlineData("""{ "PlaceOrders": { "MaxBach": 5 } }""", "", "PlaceOrders:MaxBach is not a setting")]
    public Task A_file_of_settings_that_is_broken_is_named_with_what_is_wrong(string text, string mend, string name = "appsettings.json") =>
        EndsAsync([], name, mend, directory => File.WriteAllText(Path.Combine(directory, "appsettings.json"), text));

    [Fact]
    public Task The_file_of_an_environment_is_named_as_well() => EndsAsync(
        [], "appsettings.Production.json", "must be valid JSON", directory => File.WriteAllText(Path.Combine(directory, "appsettings.Production.json"), "{"));

    // Even for root: nobody can read the memory of a process at address 0.
    [Fact]
    public Task A_file_of_settings_that_cannot_be_read_is_named() => EndsAsync(
        [], "appsettings.json", "must be readable", directory => File.CreateSymbolicLink(Path.Combine(directory, "appsettings.json"), "/proc/self/mem"));

    private static Task<TimeSpan> EndsAsync((string Variable, string Value)[] settings, string key, string mend, Action<string>? prepare = null) =>
        FailedStart.OfAsync("services/Orders", settings, [key, mend], prepare);
}
