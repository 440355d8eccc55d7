using System.Globalization;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Overview;

/// <summary>The overview in FastAPI, with asyncio.gather, grpc.aio and uvloop: Python/overview.py.</summary>
internal static class FastApi
{
    private static readonly string[] Modules = ["fastapi", "uvicorn", "uvloop", "httptools"];

    /// <summary>Starts it, and returns when it answers; null when it cannot run here, which the report then says.</summary>
    public static async Task<LoadProcess?> StartAsync(
        Report report, string address, SuiteProcesses suite, ReplicaProcess users, ReplicaProcess orders, CancellationToken cancellationToken)
    {
        if (Python.WhyNot(Modules) is { } why)
        {
            report.LeaveOut("FastAPI", why);
            return null;
        }

        foreach (var (name, version) in Python.Versions(["grpc", .. Modules]))
            report.Version(name, version);
        var process = await Python.StartAsync(
            "overview.py",
            Path.Combine(suite.Folder, "contracts.binpb"),
            [new Uri(address).Port.ToString(CultureInfo.InvariantCulture), Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)],
            ("USERS", new Uri(users.Address).Authority), ("ORDERS", new Uri(orders.Address).Authority));
        using var http = new HttpClient();
        await Eventually.UntilAsync(IsReadyAsync, "FastAPI answers");
        return process;

        async Task<bool> IsReadyAsync()
        {
            try
            {
                return (await http.GetAsync(new Uri($"{address}/health/ready"), cancellationToken)).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }
}
