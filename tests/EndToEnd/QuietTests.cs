using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>A log in which nothing is wrong has nothing to worry about: no warning, and no stack trace.</summary>
public sealed class QuietTests
{
    private const int Starts = 10;

    // Lines as a person reads them: "12:00:00.000 warn Category: ...", and the stack of an exception below.
    private static readonly string[] Worries = ["warn", "fail", "crit"];

    [FactNeeding(Need.RedisServer)]
    public async Task Ten_starts_in_any_order_log_no_warning_and_no_stack_trace_nor_does_their_end()
    {
        var data = Directory.CreateTempSubdirectory("quiet-");
        await using var redis = await RedisServer.StartAsync();
        await using var suite = await WholeSuite.StartAsync(name => Task.FromResult($"Data Source={data.FullName}/{name}.db"), new Dictionary<string, string>
        {
            ["ConnectionStrings__Redis"] = redis.ConnectionString,
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
        });
        var random = new Random(0);
        for (var i = 1; i < Starts; i++)
        {
            Assert.All(await Task.WhenAll(suite.All.Select(process => process.StopAsync())), code => Assert.Equal(0, code));
            redis.Kill();
            // Null is Redis.
            ReplicaProcess?[] order = [.. suite.All, null];
            random.Shuffle(order);
            foreach (var process in order)
            {
                if (process is null)
                    await redis.StartAgainAsync();
                else
                    process.Start();
            }

            await Task.WhenAll(suite.All.Select(process => process.UntilReadyAsync()));
        }

        await Task.WhenAll(suite.All.Select(process => process.StopAsync()));
        data.Delete(recursive: true);

        Assert.All(suite.All, process => Assert.Equal(Starts, Lines(process).Count(line => line.EndsWith("Now listening on: " + process.Address, StringComparison.Ordinal))));
        string[] worries = [.. suite.All.SelectMany(process => Lines(process).Where(IsWorry).Select(line => $"{process.Service}: {line}"))];
        Assert.True(worries.Length == 0, string.Join('\n', worries));
    }

    private static string[] Lines(ReplicaProcess process) => process.Output.Split('\n');

    private static bool IsWorry(string line) =>
        line.StartsWith("   at ", StringComparison.Ordinal) || line.Contains("Unhandled exception", StringComparison.Ordinal)
        || (line.Split(' ') is [var time, var level, ..] && TimeOnly.TryParse(time, out _) && Worries.Contains(level));
}
