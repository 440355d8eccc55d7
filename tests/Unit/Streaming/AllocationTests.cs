using System.Diagnostics.Metrics;
using Google.Protobuf.Collections;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Unit.Streaming;

public sealed class AllocationTests
{
    [Fact]
    public void In_a_steady_state_a_call_allocates_nothing_but_its_messages()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var metrics = new CallClientMetrics(services.GetRequiredService<IMeterFactory>(), "test");
        using var table = new CallTable<LookupUsersCall, LookupUsersResult>(
            UsersService.LookupUsers, new CallStreamClientOptions(), metrics, TimeProvider.System);
        using var hangUp = new CancellationTokenSource();
        var link = new StreamLink<LookupUsersCall, LookupUsersResult>(new object());
        table.Streams.OnFrame(link, [], new() { Credit = 1000 });
        var (calls, cancels, results) = (new RepeatedField<LookupUsersCall>(), new RepeatedField<ulong>(), new RepeatedField<LookupUsersResult>());
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
        Assert.Equal(0, table.Count);

        void Round()
        {
            for (var i = 0; i < 64; i++)
            {
#pragma warning disable CA2012 // Each is consumed once, below.
                tasks[i] = table.Submit(messages[i], bytes: 4, TimeSpan.FromSeconds(10), "principal", shared: true, notBefore: 0, hangUp.Token);
#pragma warning restore CA2012
            }

            table.Streams.TakeFrame(link, calls, cancels);
            for (var i = 0; i < 64; i++)
            {
                answers[i].CallId = calls[i].CallId;
                results.Add(answers[i]);
            }

            table.Streams.OnFrame(link, results, null);
            calls.Clear();
            results.Clear();
            for (var i = 0; i < 64; i++)
            {
                if (!ReferenceEquals(answers[i], tasks[i].GetAwaiter().GetResult()))
                    throw new InvalidOperationException("The answer to another call.");
            }
        }
    }
}
