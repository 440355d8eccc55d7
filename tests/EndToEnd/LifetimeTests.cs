using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Microservices.Local;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>How the suite starts, and how it ends, whatever ends it.</summary>
public sealed class LifetimeTests
{
    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    public async Task A_signal_to_the_launcher_stops_all_within_10_s_and_leaves_none(string signal)
    {
        await using var suite = await Suite.StartAsync();
        var pids = suite.Pids;

        await Shell.SignalAsync(suite.Pid, signal);

        Assert.Equal(0, await suite.UntilExitAsync(Suite.StopPromise));
        Assert.All(pids.Values, pid => Assert.False(Shell.IsRunning(pid)));
        await UntilNoneIsLeftAsync(suite);
    }

    [Fact]
    public async Task A_signal_to_dotnet_run_stops_all_and_leaves_none()
    {
        await using var suite = Suite.LaunchByDotnetRun();
        await suite.UntilReadyAsync();

        Assert.Equal(0, await suite.StopAsync());
        await UntilNoneIsLeftAsync(suite);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killing_what_the_user_started_leaves_none(bool byDotnetRun)
    {
        await using var suite = byDotnetRun ? Suite.LaunchByDotnetRun() : Suite.Launch();
        await suite.UntilReadyAsync();
        Assert.True(suite.Running().Count >= 5);

        await Shell.SignalAsync(suite.Pid, "KILL");

        await UntilNoneIsLeftAsync(suite);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(8)]
    public async Task Killing_the_launcher_while_it_starts_the_services_leaves_none(int processes)
    {
        await using var suite = Suite.Launch();
        await Eventually.UntilAsync(() => suite.Running().Count >= processes, "some processes have started");

        await Shell.SignalAsync(suite.Pid, "KILL");

        await UntilNoneIsLeftAsync(suite);
    }

    [Theory]
    [InlineData("start-apiserver")]
    [InlineData("run-controllers")]
    public async Task Killing_a_part_of_the_orchestrator_ends_the_suite_and_leaves_none(string command)
    {
        await using var suite = await Suite.StartAsync();

        await Shell.SignalAsync(await suite.FindAsync(command), "KILL");

        Assert.Equal(2, await suite.UntilExitAsync());
        Assert.Matches("Aspire's orchestrator \\(dcp\\) has ended, and the services with it: .*\n$", suite.Output);
        await UntilNoneIsLeftAsync(suite);
    }

    [Theory]
    [InlineData("users")]
    [InlineData("gateway")]
    public async Task A_service_that_dies_is_named_and_the_rest_is_stopped(string service)
    {
        await using var suite = await Suite.StartAsync();

        await Shell.SignalAsync(suite.Pids[service], "KILL");

        Assert.Equal(2, await suite.UntilExitAsync(Suite.StopPromise));
        Assert.EndsWith($"{service} exited by itself: killed by a signal\n", suite.Output, StringComparison.Ordinal);
        await UntilNoneIsLeftAsync(suite);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_before_anything_starts()
    {
        using var orders = Listen(5002);
        using var gateway = Listen(9080);
        using var redis = Listen(6399);
        using var dashboard = Listen(18888);
        await using var suite = Suite.Launch(dashboard: true);

        Assert.Equal(1, await suite.UntilExitAsync());
        Assert.Contains("5002  orders, gRPC\n", suite.Output, StringComparison.Ordinal);
        Assert.Contains("9080  gateway, management\n", suite.Output, StringComparison.Ordinal);
        Assert.Contains("6399  embedded Redis", suite.Output, StringComparison.Ordinal);
        Assert.Contains("18888  dashboard", suite.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(" | ", suite.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_survives_a_restart()
    {
        var data = Directory.CreateTempSubdirectory("suite-data-").FullName;
        string userId;
        await using (var suite = await Suite.StartAsync(data: data))
        {
            var created = await suite.Http.PostAsJsonAsync("/v1/users", new { displayName = "Ada Lovelace", email = "ada@example.com" });
            Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync());
            userId = (await created.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("userId").GetString()!;
        }

        await using (var suite = await Suite.StartAsync(data: data))
        {
            // The accounts have lasted, too, with their passwords.
            var user = await suite.Http.GetFromJsonAsync<JsonElement>($"/v1/users/{userId}");
            Assert.Equal("Ada Lovelace", user.GetProperty("displayName").GetString());
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task A_second_replica_runs_on_ports_100_higher()
    {
        await using var suite = await Suite.StartAsync(["--replicas", "orders=2", "--replicas", "users=2"]);

        Assert.Equal(Catalog.Services.Select(s => s.Name).Concat(["orders-2", "users-2"]).Order(), suite.Pids.Keys.Order());
        Assert.Matches(@"(?m)^orders-2 .* localhost:5102 +http://localhost:9102$", suite.Output);
        using var http = new HttpClient();
        foreach (var port in new[] { 9001, 9101, 9002, 9102 })
        {
            using var ready = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/health/ready"));
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        }
    }

    [Fact]
    public async Task A_service_that_is_not_ready_in_time_is_named_and_killed_as_it_does_not_stop_either()
    {
        await using var suite = Suite.Launch(["--ready-timeout", "20"]);
        await Shell.SignalAsync(await suite.FindAsync("Users.dll"), "STOP");

        Assert.Equal(2, await suite.UntilExitAsync());
        Assert.Matches("(?m)^Not ready within 20 s:\n(.*\n)*  users: .*9001", suite.Output);
        await UntilNoneIsLeftAsync(suite);
    }

    [Fact]
    public async Task A_service_that_cannot_start_ends_the_suite_with_its_one_line()
    {
        await using var suite = Suite.Launch(environment: new Dictionary<string, string> { ["Drain__Window"] = "soon" });

        Assert.Equal(2, await suite.UntilExitAsync());
        Assert.Matches("^local +\\| Starting .*\n[a-z]+ cannot start: .*Drain:Window.*\n$", suite.Output);
        await UntilNoneIsLeftAsync(suite);
    }

    // Aspire's own processes stay for a moment after the last service.
    private static Task UntilNoneIsLeftAsync(Suite suite) =>
        Eventually.UntilAsync(() => suite.Running().Count == 0, "no process is left behind", Suite.StopPromise);

    private static TcpListener Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        return listener;
    }
}
