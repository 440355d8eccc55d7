using System.Collections.Concurrent;
using System.Diagnostics;
using Microservices.Streaming.Calls;
using Microservices.Tests.Support;
using Microservices.Tests.Support.Otlp;
using Microservices.Users.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Microservices.Tests.EndToEnd.Tracing;

/// <summary>Calls that travel and are answered together keep apart in traces.</summary>
public sealed class BatchTraceTests(TracedSuite suite) : IClassFixture<TracedSuite>
{
    private const int Traces = 100;

    [Support.FactNeeding(Support.Need.RedisServer)]
    public async Task A_batch_of_100_lookups_of_100_traces_keeps_100_parents()
    {
        var ids = await OrderLoad.NewUsersAsync(suite["users"], Traces);
        var callers = new ConcurrentBag<Activity>();
        using var source = new ActivitySource("Test");
        using var listener = new ActivityListener
        {
            ShouldListenTo = heard => heard == source || heard.Name == "Microservices.Streaming.Calls",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped =>
            {
                if (stopped.Kind == ActivityKind.Client)
                    callers.Add(stopped);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var services = new ServiceCollection()
            .AddLogging(logging => logging.ClearProviders())
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Backends:Users:Addresses:0", (string?)suite["users"])]).Build())
            .AddCallStreamClient(UsersService.LookupUsers, "Backends:Users", options => options.Token = Tokens.OperatorAsync)
            .BuildServiceProvider();
        await using var client = services.GetRequiredService<CallStreamClient<LookupUsersCall, LookupUsersResult>>();
        await client.CallAsync(new LookupUsersCall { UserId = ids[0] });

        var calls = new List<Task<LookupUsersResult>>();
        client.Together(() =>
        {
            foreach (var id in ids)
            {
                Activity.Current = null;
                using var root = source.StartActivity("root");
                calls.Add(client.CallAsync(new LookupUsersCall { UserId = id }).AsTask());
            }
        });
        var answers = await Task.WhenAll(calls);

        Assert.Equal(ids, answers.Select(answer => answer.User.UserId));
        Assert.Equal(Traces, callers.Select(caller => caller.TraceId).Distinct().Count());
        foreach (var caller in callers)
        {
            var callee = await suite.SpanAsync($"the callee's span of {caller.TraceId}", s => s.ParentId == caller.SpanId.ToHexString());
            Assert.Equal(("users", SpanKind.Server, caller.TraceId.ToHexString()), (callee.Service, callee.Kind, callee.TraceId));
        }

        // Who is handled with others finds the common work by a link to the span that it is under.
        var spans = suite.Collector.Spans.Where(s => callers.Any(caller => caller.SpanId.ToHexString() == s.ParentId)).ToList();
        var worked = suite.Collector.Spans.Where(s => s["db.system.name"].Length > 0).Select(s => s.ParentId).ToHashSet();
        Assert.InRange(spans.Count(s => worked.Contains(s.SpanId)), 1, Traces / 2);
        Assert.All(spans, s => Assert.True(worked.Contains(s.SpanId) || s.Span.Links.Any(link => worked.Contains(Received.Hex(link.SpanId)))));
    }
}
