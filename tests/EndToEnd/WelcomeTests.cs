using System.Text.Json;
using System.Text.RegularExpressions;
using Microservices.Local;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>What a user sees first: the table and the commands to copy.</summary>
[Collection(SharedSuiteTests.Name)]
public sealed class WelcomeTests(SharedSuite shared)
{
    private Suite Suite => shared.Suite;

    [Fact]
    public void The_table_shows_every_service_with_its_process_and_addresses()
    {
        Assert.Equal(Catalog.Services.Select(s => s.Name).Order(), Suite.Pids.Keys.Order());
        Assert.All(Suite.Pids.Values, pid => Assert.True(Shell.IsRunning(pid)));
        Assert.Matches(@"(?m)^users .* localhost:5001 +http://localhost:9001$", Suite.Output);
        Assert.Matches(@"(?m)^gateway .* localhost:8081 +http://localhost:9080 +http://localhost:8080$", Suite.Output);
        Assert.All(Catalog.Services, s => Assert.Matches($@"(?m)^{s.Name} .* localhost:{s.GrpcPort} +http://localhost:{s.ManagementPort}( |$)", Suite.Output));
    }

    [Fact]
    public async Task The_console_is_at_the_address_that_is_printed()
    {
        var address = Regex.Match(Suite.Output, @"(?m)^Console: +(?<address>\S+)$").Groups["address"].Value;
        using var http = new HttpClient { DefaultRequestHeaders = { { "Accept", "text/html" } } };

        Assert.Contains("<title>", await http.GetStringAsync(new Uri(address)), StringComparison.Ordinal);
    }

    [FactNeeding(Need.Buf)]
    public async Task The_printed_commands_work_as_printed_and_again()
    {
        var commands = Suite.Commands;
        Assert.Equal(["T=$", "curl", "grpcurl", "buf"], commands.Select(c => c.Split(' ', '(')[0]));

        var first = await RunAsync(commands[1]);
        var second = await RunAsync(commands[1]);
        Assert.Contains("Ada Lovelace", first, StringComparison.Ordinal);
        Assert.Equal(UserId(first), UserId(second));

        Assert.Contains("Ada Lovelace", await RunAsync(commands[3]), StringComparison.Ordinal);
        Assert.Contains("Ada Lovelace", await RunAsync(commands[3]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_grpcurl_command_asks_what_the_buf_command_asks()
    {
        var grpcurl = Suite.Commands[2].Split('\'', ' ');
        var buf = Suite.Commands[3].Split('\'', ' ');
        Assert.Equal("http://" + grpcurl[^2] + "/" + grpcurl[^1], buf[^1]);
        Assert.Equal(Suite.Commands[2].Split('\'')[1], Suite.Commands[3].Split('\'')[1]);
        if (Needs.Program("grpcurl") is not null)
            await RunAsync(Suite.Commands[2]);
    }

    [Theory]
    [InlineData("operator", null, 0, "")]
    [InlineData("nobody", null, 1, "There is no demo account 'nobody'; there are: grace, operator\n")]
    [InlineData("grace", "/nowhere", 1, "There are no passwords in /nowhere/demo: ")]
    public async Task A_token_is_all_that_is_printed_or_the_one_line_that_says_why_there_is_none(string account, string? data, int exitCode, string error)
    {
        var (code, output, told) = await Shell.RunAsync($"'{Path.Combine(Needs.Root, "deploy", "token")}' {account} --data '{data ?? Suite.Data}'");

        Assert.True(code == exitCode, told);
        Assert.StartsWith(error, told, StringComparison.Ordinal);
        if (code == 0)
            Assert.Matches(@"^ey[\w-]+\.[\w-]+\.[\w-]+\n$", output);
        else
            Assert.Single(told.TrimEnd().Split('\n'));
        Assert.Equal(code == 0, output.Length > 0);
    }

    [Fact]
    public void A_first_start_has_nothing_to_worry_about()
    {
        Assert.DoesNotMatch(@"(?m)[|] [0-9:.]+ (warn|fail|crit) ", Suite.Output);
        Assert.DoesNotMatch(@"(?m)[|]    at |Unhandled exception", Suite.Output);
        // What is not warm makes a user's first calls slow.
        Assert.DoesNotContain("warm-up failed", Suite.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_line_of_a_service_is_marked_with_its_name()
    {
        // A line may come after the news that all are ready.
        await Eventually.UntilAsync(() => Catalog.Services.All(s => Regex.IsMatch(Suite.Output, $"(?m)^{s.Name} +[|] .*{s.GrpcPort}")), "every service has a line that is marked");

        var names = string.Join('|', Catalog.Services.Select(s => s.Name).Append("local"));
        var beforeTheTable = Suite.Output[..Suite.Output.IndexOf("\nSERVICE", StringComparison.Ordinal)];
        Assert.All(beforeTheTable.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches($"^({names}) +[|] ", line));
    }

    // As the second of two that are pasted into one shell: the first gets a token.
    private async Task<string> RunAsync(string command)
    {
        var (exitCode, output, error) = await Shell.RunAsync($"set -e\ncd '{Suite.WorkingDirectory}'\n{Suite.Commands[0]}\n{command}");
        Assert.True(exitCode == 0, $"{command}\n{output}\n{error}");
        return output;
    }

    // Whatever the answer's shape: the first property of that name.
    private static string? UserId(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Find(document.RootElement);

        static string? Find(JsonElement element) => element.ValueKind != JsonValueKind.Object ? null
            : element.TryGetProperty("userId", out var id) ? id.GetString()
            : element.EnumerateObject().Select(p => Find(p.Value)).FirstOrDefault(found => found is not null);
    }
}
