using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microservices.Local;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd.Dashboard;

/// <summary>Aspire's dashboard, as a user has it who starts the suite with no option.</summary>
public sealed class DashboardTests
{
    private const string Dashboard = "http://localhost:18888";

    [Fact]
    public async Task It_has_the_logs_traces_and_metrics_of_every_service_without_a_login_and_the_terminal_has_warnings_only()
    {
        await using var suite = await Suite.StartAsync(dashboard: true);
        using var http = new HttpClient();

        Assert.Contains($"\nDashboard: {Dashboard}\n", suite.Output, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"(?m)^[a-z]+ +[|] [0-9:.]+ info ", suite.Output);
        using (var page = await http.GetAsync(new Uri(Dashboard)))
        {
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            Assert.DoesNotContain("login", page.RequestMessage!.RequestUri!.AbsolutePath, StringComparison.Ordinal);
        }

        await OrderAsync(suite.Http);
        var names = Catalog.Services.Select(service => service.Name).Order().ToArray();
        await Eventually.UntilAsync(async () =>
        {
            var told = await http.GetFromJsonAsync<JsonElement[]>($"{Dashboard}/api/telemetry/resources");
            var whole = told!.Where(resource => Has(resource, "hasLogs") && Has(resource, "hasTraces") && Has(resource, "hasMetrics")).Select(resource => resource.GetProperty("name").GetString());
            return whole.Order().SequenceEqual(names);
        }, "logs, traces and metrics of every service");
        // Nor are the requests buried under the suite's polls, of which there have been some by now.
        var traces = await http.GetStringAsync($"{Dashboard}/api/telemetry/traces?limit=10000");
        Assert.Contains("orders.v1.OrdersService/PlaceOrder", traces, StringComparison.Ordinal);
        Assert.DoesNotContain("/ListChanged", traces, StringComparison.Ordinal);

        static bool Has(JsonElement resource, string what) => resource.GetProperty(what).GetBoolean();
    }

    [Fact]
    public async Task When_it_is_killed_the_services_go_on_and_the_terminal_says_so()
    {
        await using var suite = await Suite.StartAsync(dashboard: true);
        using var http = new HttpClient();

        await Shell.SignalAsync(await suite.FindAsync("tools/Aspire.Dashboard"), "KILL");

        await Eventually.UntilAsync(() => suite.Output.Contains("The dashboard has ended; the services go on", StringComparison.Ordinal), "it is said");
        await OrderAsync(suite.Http);
        Assert.Equal(0, await suite.StopAsync());
    }

    // Every service has part in it.
    private static async Task OrderAsync(HttpClient http)
    {
        var user = $"{Guid.NewGuid():N}";
        using var created = await http.PostAsJsonAsync($"/v1/users", new { userId = user, displayName = "Ada Lovelace", email = $"{user}@example.com" });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        using var placed = await http.PostAsJsonAsync($"/v1/orders",
            new { userId = user, lines = new[] { new { productId = "tea", quantity = 1, unitPrice = new { amount = "10.25", currency = "EUR" } } } });
        Assert.Equal(HttpStatusCode.Created, placed.StatusCode);
        using var enqueued = await http.PostAsJsonAsync($"/v1/jobs", new { ownerId = user, kind = "hash", input = new { text = "abc" } });
        Assert.Equal(HttpStatusCode.Created, enqueued.StatusCode);
        var overview = await http.GetFromJsonAsync<JsonElement>($"/v1/users/{user}/overview");
        Assert.True(overview.GetProperty("complete").GetBoolean());
    }
}
