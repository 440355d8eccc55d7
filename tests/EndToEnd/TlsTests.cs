using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microservices.Local;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>The suite with <c>--tls</c>, as a user starts it.</summary>
public sealed class TlsTests
{
    [FactNeeding(Need.Buf)]
    public async Task The_suite_runs_over_TLS_and_its_commands_an_overview_an_order_and_a_stream_work()
    {
        await using var suite = await Suite.StartAsync(["--tls"]);
        Assert.Equal("https://localhost:8080", Origin.Of(suite.Data).Address);
        Assert.Matches(@"(?m)^gateway .* localhost:8081 +http://localhost:9080 +https://localhost:8080$", suite.Output);

        // As printed.
        Assert.Equal(["T=$", "curl", "grpcurl", "buf"], suite.Commands.Select(c => c.Split(' ', '(')[0]));
        Assert.All(suite.Commands.Skip(1), command => Assert.Contains($"{Path.Combine(suite.Data, "tls", "ca.pem")} ", command, StringComparison.Ordinal));
        foreach (var command in suite.Commands.Where(c => c.StartsWith("curl", StringComparison.Ordinal) || c.StartsWith("buf", StringComparison.Ordinal)))
        {
            var (code, output, error) = await Shell.RunAsync($"set -e\ncd '{Suite.WorkingDirectory}'\n{suite.Commands[0]}\n{command}");
            Assert.True(code == 0, $"{command}\n{output}\n{error}");
            Assert.Contains("Ada Lovelace", output, StringComparison.Ordinal);
        }

        using var http = new HttpClient(Tokens.Bearer(Origin.Of(suite.Data).Connect(), _ => suite.OperatorAsync())) { BaseAddress = new Uri("https://localhost:8080") };
        using var created = await http.PostAsJsonAsync("/v1/users", new { displayName = "Grace Hopper", email = $"{Guid.NewGuid():N}@example.com" });
        var user = (string)(await created.Content.ReadFromJsonAsync<JsonObject>())!["userId"]!;

        using var events = new StreamReader(await http.GetStreamAsync($"/v1/users/{user}/events"));
        await UntilAsync("event: ready");
        using var placed = await http.PostAsJsonAsync("/v1/orders", new { userId = user, lines = new[] { new { productId = "tea", quantity = 2, unitPrice = new { amount = "10.25", currency = "EUR" } } } });
        Assert.Equal(HttpStatusCode.Created, placed.StatusCode);
        await UntilAsync("event: order");
        await UntilAsync("event: notification");
        var overview = await http.GetFromJsonAsync<JsonObject>($"/v1/users/{user}/overview");
        Assert.True((bool)overview!["complete"]!, overview.ToJsonString());
        Assert.Single(overview["orders"]!["data"]!.AsArray());

        // Nothing is to be had without.
        using var plain = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetAsync(new Uri("http://localhost:8080/v1/users")));

        async Task UntilAsync(string line)
        {
            using var timeout = new CancellationTokenSource(Eventually.Timeout);
            while (await events.ReadLineAsync(timeout.Token) is var read && read != line)
                Assert.NotNull(read);
        }
    }
}
