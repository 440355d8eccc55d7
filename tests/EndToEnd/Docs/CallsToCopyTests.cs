using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Docs;

/// <summary>The calls to copy of the README, and then of the gateway's, as printed and in their order: each is answered as shown beneath it.</summary>
[Collection(SharedSuiteTests.Name)]
public sealed partial class CallsToCopyTests(SharedSuite shared, ITestOutputHelper print)
{
    private static readonly string Program = Path.Combine(Needs.Root, "deploy", "token");

    // As in one shell, in the repository: the suite under test has another data directory than that of one's own.
    private string Prelude => $$"""deploy/token() { '{{Program}}' "$@" --data '{{shared.Suite.Data}}'; }""";

    // What the commands before have set.
    private readonly List<string> variables = [];

    [FactNeeding(Need.Buf, Need.Curl)]
    public async Task Every_call_to_copy_is_answered_as_shown()
    {
        IReadOnlyList<Call> calls =
        [
            .. Calls(Section(await File.ReadAllTextAsync(Path.Combine(Needs.Root, "README.md")), "Calls to copy")),
            .. Calls(await File.ReadAllTextAsync(Path.Combine(Needs.Root, "gateway", "README.md"))),
        ];
        Assert.True(calls.Count(call => call.Shown.Length > 0) >= 5, $"{calls.Count} calls");
        Assert.Equal(0, (await Shell.RunAsync($"test -x '{Program}'")).ExitCode);
        var following = new List<(Call Call, EndlessCommand Command)>();
        try
        {
            foreach (var call in calls)
            {
                print.WriteLine(call.Command);
                var before = string.Join('\n', variables);
                variables.AddRange(Variable().Matches(call.Command).Select(match => match.Value));
                if (call.IsEndless)
                {
                    var command = new EndlessCommand($"{Prelude}\n{before}\nexec {call.Command.Trim()}");
                    following.Add((call, command));
                    // From here on it shows what the next calls do.
                    await Eventually.UntilAsync(() => Subscribed().IsMatch(command.Output), call.Command);
                }
                else if (call.IsTold)
                {
                    await Eventually.UntilAsync(async () => call.Shows(await RunAsync($"{before}\n{call.Command}")), $"{call.Command}\n{call.Shown}");
                }
                else
                {
                    var output = await RunAsync($"{before}\n{call.Command}");
                    Assert.True(call.Shows(output), $"{call.Command}\n\nshows\n\n{call.Shown}\n\nand is answered\n\n{output}");
                }
            }

            foreach (var (call, command) in following)
                await Eventually.UntilAsync(() => call.Shows(command.Output), $"{call.Command}\n{call.Shown}");
        }
        finally
        {
            foreach (var (_, command) in following)
                await command.DisposeAsync();
        }
    }

    [Fact]
    public void What_is_shown_stands_for_other_ids_and_times_and_for_nothing_else()
    {
        const string shown = """{"id": "01a20440-10ef-7fc1-9feb-fa74b82ac272", "time": "2026-11-22T17:13:55.123Z", ... "total": 2}""";
        var call = new Call("", "json", shown);

        Assert.True(call.Shows("""before {"id":"11111111-2222-7333-8444-555555555555","time":"2031-01-01T00:00:00Z","more":[1],"total":2} after"""));
        Assert.False(call.Shows("""{"id":"1","time":"2031-01-01T00:00:00Z","more":[1],"total":2}"""));
        Assert.False(call.Shows("""{"id":"11111111-2222-7333-8444-555555555555","time":"2031-01-01T00:00:00Z","more":[1],"total":3}"""));
        Assert.False(new Call("", "text", "a: 1\nb: 2").Shows("b: 2"));
        Assert.True(new Call("", "text", "a: 1\nb: 2").Shows("b: 2\na: 1"));
    }

    private static string Section(string page, string heading)
    {
        var from = page.IndexOf($"\n## {heading}\n", StringComparison.Ordinal);
        return page[from..page.IndexOf("\n## ", from + 1, StringComparison.Ordinal)];
    }

    private static IEnumerable<Call> Calls(string page) =>
        Block().Matches(page).Select(block => new Call(block.Groups["command"].Value, block.Groups["kind"].Value, block.Groups["shown"].Value.Trim()));

    private async Task<string> RunAsync(string command)
    {
        // As in a shell, where one that fails does not keep the next from being run.
        var (exitCode, output, error) = await Shell.RunAsync($"set -e\n{Prelude}\n{command}");
        Assert.True(exitCode == 0, $"{command}\n{output}\n{error}");
        return output;
    }

    [GeneratedRegex(@"^```bash\n(?<command>.*?)^```\n(\n^```(?<kind>json|text)\n(?<shown>.*?)^```$)?", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();

    [GeneratedRegex(@"^[A-Z]+=.*$", RegexOptions.Multiline)]
    private static partial Regex Variable();

    [GeneratedRegex("event: ready|\"subscribed\"")]
    private static partial Regex Subscribed();

    /// <summary>What is to be copied, and what is shown to come of it: JSON as a whole, text line by line.</summary>
    private sealed partial record Call(string Command, string Kind, string Shown)
    {
        /// <summary>Whether it goes on until it is cut.</summary>
        public bool IsEndless => Command.Contains("curl -N", StringComparison.Ordinal) || Command.Contains("/Watch", StringComparison.Ordinal);

        /// <summary>Whether what it reads comes a moment after what was done.</summary>
        public bool IsTold => Command.Contains("ListNotifications", StringComparison.Ordinal);

        public bool Shows(string output)
        {
            var bare = Blank().Replace(output, "");
            return (Kind == "json" ? [Shown] : Shown.Split('\n')).All(part => Regex.IsMatch(bare, Pattern(part), RegexOptions.Singleline));
        }

        private static string Pattern(string shown) => Part().Replace(shown, part => part.Value switch
        {
            "..." => ".*?",
            _ when part.Groups["blank"].Success => "",
            _ when part.Groups["uuid"].Success => "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            _ when part.Groups["time"].Success => @"\d{4}-\d\d-\d\dT[\d:.]+Z",
            _ when part.Groups["id"].Success => "id:[^:]+",
            var text => Regex.Escape(text),
        });

        [GeneratedRegex(@"\.\.\.|(?<blank>\s+)|(?<uuid>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})|(?<time>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?<id>^id: \S+$)|.", RegexOptions.ExplicitCapture)]
        private static partial Regex Part();

        [GeneratedRegex(@"\s+")]
        private static partial Regex Blank();
    }

    /// <summary>A command that runs until it is disposed of.</summary>
    private sealed class EndlessCommand : IAsyncDisposable
    {
        private readonly StringBuilder output = new();
        private readonly Process process;

        public EndlessCommand(string command)
        {
            process = new Process { StartInfo = Shell.Start(command) };
            process.OutputDataReceived += (_, line) =>
            {
                lock (output)
                    output.Append(line.Data).Append('\n');
            };
            process.Start();
            process.StandardInput.Close();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public string Output
        {
            get
            {
                lock (output)
                    return output.ToString();
            }
        }

        public async ValueTask DisposeAsync()
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}
