using System.Text.Json;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>A client in another language, with another implementation of gRPC and of protobuf.</summary>
[Collection(SharedSuiteTests.Name)]
public sealed class PythonTests(SharedSuite shared)
{
    [FactNeeding(Need.PythonGrpc, Need.Buf)]
    public async Task A_Python_client_calls_unary_and_bidirectional_methods_of_every_service()
    {
        Assert.NotEmpty(shared.Suite.Pids);
        var descriptors = Path.Combine(shared.Suite.Data, "contracts.binpb");
        var script = Path.Combine(Needs.Root, "tests", "EndToEnd", "client.py");
        var built = await Shell.RunAsync($"buf build '{Needs.Root}/protos' --as-file-descriptor-set -o '{descriptors}'");
        Assert.True(built.ExitCode == 0, built.Error);

        var (exitCode, output, error) = await Shell.RunAsync($"TOKEN={await shared.Suite.OperatorAsync()} '{Needs.Python}' '{script}' '{descriptors}' 127.0.0.1:5001 127.0.0.1:5002 127.0.0.1:8081");
        Assert.True(exitCode == 0, error);

        var answers = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(step => step.GetProperty("step").GetString()!, step => step.GetProperty("answer"));
        Assert.Equal(2, answers["LookupUsers"].GetArrayLength());
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), answers["PlaceOrders"].EnumerateArray().Select(reference => reference.GetString()));
        Assert.Equal(10, answers["ListOrders"].GetInt32());
        Assert.Equal("FAILED_PRECONDITION", answers["PlaceOrder of nobody"].GetString());
        Assert.True(answers["GetOverview"].GetProperty("complete").GetBoolean());
        Assert.Equal(10, answers["GetOverview"].GetProperty("orders").GetProperty("orders").GetArrayLength());
        Assert.Equal([2], answers["LookupOverviews"].EnumerateArray().Select(count => count.GetInt32()));
    }
}
