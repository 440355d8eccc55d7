using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway.OpenApi;

/// <summary>The API description in the hands of programs that are not ours.</summary>
public sealed class OpenApiToolsTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private static readonly string Source = Path.Combine(Needs.Root, "tests", "Integration", "Gateway", "OpenApi");
    private readonly string folder = Directory.CreateTempSubdirectory("openapi-").FullName;

    private string Document => Path.Combine(folder, "v1.json");

    public async Task InitializeAsync() => await File.WriteAllTextAsync(Document, await gateway.Rest.GetStringAsync("/openapi/v1.json"));

    public Task DisposeAsync()
    {
        Directory.Delete(folder, recursive: true);
        return Task.CompletedTask;
    }

    [FactNeeding(Need.OpenApiTools)]
    public async Task Redocly_finds_nothing_to_better() =>
        await RunAsync("redocly", $"lint --config '{Source}/redocly.yaml' '{Document}'");

    [FactNeeding(Need.OpenApiTools)]
    public async Task Spectral_finds_nothing_to_better() =>
        await RunAsync("spectral", $"lint --fail-severity hint --ruleset '{Source}/spectral.yaml' '{Document}'");

    [FactNeeding(Need.OpenApiTools)]
    public async Task A_TypeScript_client_is_generated_compiles_and_works()
    {
        gateway.Reset();
        gateway.Users.OnCreate = (_, _) => throw new ErrorDomain("users.v1").Other(StatusCode.InvalidArgument, "INVALID_FIELDS", "email: must not be empty").ToRpcException();
        File.Copy(Path.Combine(Source, "client.mts"), Path.Combine(folder, "client.mts"));
        File.CreateSymbolicLink(Path.Combine(folder, "node_modules"), Path.Combine(Needs.Root, "tests", ".tools", "node_modules"));

        await RunAsync("openapi-typescript", $"'{Document}' --output '{folder}/api.d.mts'");
        await RunAsync("tsc", $"--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --target es2022 --module nodenext '{folder}/client.mts'");
        var (exitCode, output, error) = await Shell.RunAsync($"node '{folder}/client.mjs' {gateway.Rest.BaseAddress!.GetLeftPart(UriPartial.Authority)} {Tokens.Authority.Operator()}");

        Assert.True(exitCode == 0, $"{output}\n{error}");
        Assert.Equal("""
            [200,"Ada Lovelace",1]
            [201,"12.50","paid"]
            [400,"/problems/invalid-request"]

            """, output);
    }

    private static async Task RunAsync(string program, string arguments)
    {
        var (exitCode, output, error) = await Shell.RunAsync($"'{Needs.NpmTool(program)}' {arguments}");
        Assert.True(exitCode == 0, $"{program} {arguments}\n{output}\n{error}");
    }
}
