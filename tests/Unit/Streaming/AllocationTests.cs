using System.Diagnostics;
using System.Diagnostics.Metrics;
using Google.Protobuf.Collections;
using Microservices.EventLog;
using Microservices.Primitives;
using Microservices.Streaming;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microservices.Tests.Unit.Streaming;

public sealed class AllocationTests
{
    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, "token")]
    public async Task In_a_steady_state_a_call_that_is_not_sampled_allocates_nothing_but_its_messages(bool traced, string? token)
    {
        using var trace = traced ? new NotSampled() : null;
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        await using var client = new CallStreamClient<LookupUsersCall, LookupUsersResult>(
            UsersService.LookupUsers, new CallStreamClientOptions(), _ => throw new InvalidOperationException(), new NoReplicas(), services.GetRequiredService<IMeterFactory>(), TimeProvider.System, new AwayReplicas(TimeProvider.System, NullLogger<AwayReplicas>.Instance), NullLogger.Instance);
        var streams = client.Table.Streams;
        using var hangUp = new CancellationTokenSource();
        var settings = new CallSettings { Timeout = TimeSpan.FromSeconds(10), Token = token };
        var link = new StreamLink<LookupUsersCall, LookupUsersResult>(new object());
        streams.OnFrame(link, [], new() { Credit = 1000 });
        var (calls, cancels, bind, results) = (new RepeatedField<LookupUsersCall>(), new RepeatedField<ulong>(), new RepeatedField<CallPrincipal>(), new RepeatedField<LookupUsersResult>());
        LookupUsersCall[] messages = [.. Enumerable.Range(0, 64).Select(i => new LookupUsersCall { UserId = $"u{i}" })];
        LookupUsersResult[] answers = [.. messages.Select(_ => new LookupUsersResult())];
        var tasks = new ValueTask<LookupUsersResult>[64];
        for (var i = 0; i < 100; i++)
            Round();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Round();
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / 64_000.0;

        Assert.InRange(bytes, 0, 1);
        Assert.Equal(token is null ? 0 : 1, bind.Count);
        Assert.Equal(token is null, link.Principals is null);
        Assert.Equal(0, client.Count);

        void Round()
        {
            for (var i = 0; i < 64; i++)
            {
#pragma warning disable CA2012 // Each is consumed once, below.
                tasks[i] = client.CallAsync(messages[i], settings, hangUp.Token);
#pragma warning restore CA2012
            }

            streams.TakeFrame(link, calls, cancels, bind);
            for (var i = 0; i < 64; i++)
            {
                if (!calls[i].TraceContext.IsEmpty)
                    throw new InvalidOperationException("A context that nobody is to see.");
                if (calls[i].PrincipalId != (token is null ? 0 : 1))
                    throw new InvalidOperationException("Another principal.");
                answers[i].CallId = calls[i].CallId;
                results.Add(answers[i]);
            }

            streams.OnFrame(link, results, null);
            calls.Clear();
            results.Clear();
            for (var i = 0; i < 64; i++)
            {
                if (!ReferenceEquals(answers[i], tasks[i].GetAwaiter().GetResult()))
                    throw new InvalidOperationException("The answer to another call.");
            }
        }
    }

    [Fact]
    public void What_is_not_sampled_has_no_context_and_no_span_and_costs_no_byte()
    {
        using var trace = new NotSampled();
        var spans = new RpcSpans(UsersService.LookupUsers.Name);
        Look();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Look();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Look()
        {
            if (TraceContext.Current is not null || spans.StartServer([], null) is not null || RedisSpans.Start("append") is not null)
                throw new InvalidOperationException("A span that nobody is to see.");
        }
    }

    /// <summary>Everybody listens, and the current trace is not sampled.</summary>
    private sealed class NotSampled : IDisposable
    {
        private readonly ActivityListener listener = new()
        {
            ShouldListenTo = static source => source.Name.StartsWith("Microservices.", StringComparison.Ordinal),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
        };

        private readonly Activity current;

        public NotSampled()
        {
            ActivitySource.AddActivityListener(listener);
            current = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();
        }

        public void Dispose()
        {
            current.Dispose();
            listener.Dispose();
        }
    }

    private sealed class NoReplicas : IReplicaSource
    {
        public async ValueTask<IReadOnlyCollection<Uri>> ResolveAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return [];
        }
    }
}
