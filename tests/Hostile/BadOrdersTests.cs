using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.Hostile;

/// <summary>Orders with more wrong in them than the headers of an answer can carry, sent through the gateway beside those of good callers.</summary>
public sealed class BadOrdersTests(ITestOutputHelper print)
{
    private const int Senders = 2;
    private const int OrdersOfEach = 350;
    private const int MaxViolations = 20;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1) / 23;

    [FactNeeding(Need.RedisServer)]
    public async Task An_order_of_many_bad_lines_is_told_what_is_wrong_and_breaks_no_call_of_others()
    {
        await using var suite = await HostileSuite.StartAsync();
        await using var watch = new ProcessWatch(suite.All, () => "bad orders");
        await using var ada = await GoodCaller.StartAsync(suite, "ada");
        await using var bob = await GoodCaller.StartAsync(suite, "bob");
        var (clock, answers) = (Stopwatch.StartNew(), new ConcurrentBag<string>());

        await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => SendAsync(suite.Gateway.HttpPort, new Random(sender), answers)));

        var took = clock.Elapsed;
        await Task.WhenAll(ada.StopAsync(), bob.StopAsync());
        print.WriteLine($"{answers.Count} bad orders in {took.TotalSeconds:0.0} s beside {ada.Placed + bob.Placed} good ones; {watch.Peaks}");
        Assert.Equal(["400, named and bounded"], answers.Distinct());
        Assert.Empty(ada.Problems.Concat(bob.Problems));
        Assert.Empty(watch.Problems.Concat(watch.Lines));
        // Not only the bad ones were served.
        Assert.InRange(ada.Placed + bob.Placed, OrdersOfEach / 10, int.MaxValue);
    }

    private static async Task SendAsync(int port, Random random, ConcurrentBag<string> answers)
    {
        using var http = new HttpClient(Tokens.Bearer(new SocketsHttpHandler { UseProxy = false })) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var pace = new PeriodicTimer(Pace);
        for (var i = 0; i < OrdersOfEach; i++)
        {
            var lines = Enumerable.Range(0, random.Next(50, 61)).Select(_ => new
            {
                productId = new string('p', 65),
                quantity = 0,
                discountBasisPoints = -1,
                unitPrice = new { amount = i % 2 == 0 ? "1.5" : "-1.5", currency = "XX" },
            });
            using var answer = await http.PostAsJsonAsync("/v1/orders", new { userId = "ada", lines });
            answers.Add(Judge(answer.StatusCode, await answer.Content.ReadAsStringAsync()));
            await pace.WaitForNextTickAsync();
        }
    }

    private static string Judge(HttpStatusCode status, string body)
    {
        if (status != HttpStatusCode.BadRequest)
            return string.Create(CultureInfo.InvariantCulture, $"{(int)status} {body}");
        var problem = JsonNode.Parse(body)!;
        var violations = problem["errors"]!.AsObject().Sum(field => field.Value!.AsArray().Count);
        return violations is > 0 and <= MaxViolations && ((string?)problem["detail"])?.EndsWith("more errors are not listed.", StringComparison.Ordinal) == true
            ? "400, named and bounded"
            : $"400 {body}";
    }
}
