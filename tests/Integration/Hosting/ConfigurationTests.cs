using System.Diagnostics;
using Microservices.Orders;
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
    public async Task A_wrong_setting_stops_the_process_and_is_named(string variable, string value, string key)
    {
        var directory = Directory.CreateTempSubdirectory("suite-");
        var start = new ProcessStartInfo("dotnet", [typeof(OrdersDbContext).Assembly.Location])
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
            [variable] = value,
        })
            start.Environment[name] = setting;

        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Eventually.Patience);
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var errors = process.StandardError.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        directory.Delete(recursive: true);

        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains(key, await output + await errors, StringComparison.Ordinal);
    }
}
