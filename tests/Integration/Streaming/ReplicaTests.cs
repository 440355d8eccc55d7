using Grpc.Core;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>Several replicas: killed, added, drained.</summary>
public sealed class ReplicaTests
{
    private const int Callers = 64;

    [Fact]
    public async Task A_replica_killed_under_load_fails_no_idempotent_call()
    {
        await using var first = await UsersHost.StartAsync();
        await using var second = await UsersHost.StartAsync();
        // Not hedged: a call with a second copy elsewhere need not fail over.
        await using var client = new UsersClient([first, second], o => o.HedgeBudget = 0);
        await using var load = Load.Start(client, callers: 64);
        await Eventually.UntilAsync(() => first.Backend.Calls > 500 && second.Backend.Calls > 500, "both replicas have load");

        // With calls that it has not answered.
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        second.Backend.Handle = async (_, cancelled) =>
        {
            held.TrySetResult();
            await second.Backend.Gate.WaitAsync(cancelled);
        };
        await held.Task.WaitAsync(Eventually.Timeout);
        await second.KillAsync();
        var then = load.Answered;
        await Eventually.UntilAsync(() => load.Answered > then + 1000, "the load goes on at the other replica");

        Assert.Empty(await load.StopAsync());
        Assert.True(client.Counter("failovers") > 0);
        await Eventually.UntilAsync(() => client.Calls.Count == 0, "no call is left behind");
    }

    [Fact]
    public async Task A_replica_added_under_load_takes_its_share_and_one_removed_is_left_in_good_order()
    {
        // Whatever batches the calls come in, a handler holds each of them.
        await using var first = await UsersHost.StartAsync(options: ("MaxConcurrentBatches", "1024"));
        await using var second = await UsersHost.StartAsync(options: ("MaxConcurrentBatches", "1024"));
        // Not hedged: a second copy of a call would be counted with those outstanding.
        await using var client = new UsersClient([first], o => o.HedgeBudget = 0);
        await using var load = Load.Start(client, callers: Callers);
        await Eventually.UntilAsync(() => load.Answered > 500, "there is load");

        client.Addresses.TryAdd(second.Address, true);
        await Eventually.UntilAsync(() => second.Backend.Calls > 1000, "it takes calls");

        // Its share is of the calls outstanding: how fast a replica answers them is up to the replica.
        var held = Array.ConvertAll([first.Backend, second.Backend], backend => backend.HoldAnswers());
        await Eventually.UntilAsync(() => held.Sum(count => count()) == Callers, "every caller waits");
        Assert.All(held, count => Assert.InRange(count(), (Callers / 2) - 1, (Callers / 2) + 1));
        Array.ForEach([first.Backend, second.Backend], backend => backend.Release());

        client.Addresses.TryRemove(first.Address, out _);
        await Eventually.UntilAsync(() => first.Backend.StreamEnds.Count == 1, "the stream to the removed replica has ended");
        Assert.Equal(StatusCode.OK, Assert.Single(first.Backend.StreamEnds));
        Assert.Empty(await load.StopAsync());
    }

    [Fact]
    public async Task Draining_replicas_one_after_the_other_fails_no_call()
    {
        await using var first = await UsersHost.StartAsync();
        await using var second = await UsersHost.StartAsync();
        await using var client = new UsersClient([first, second]);
        await using var load = Load.Start(client, callers: 32);
        await Eventually.UntilAsync(() => first.Backend.Calls > 200 && second.Backend.Calls > 200, "both replicas have load");

        await first.DrainAsync();
        await Eventually.UntilAsync(() => first.Backend.StreamEnds.Contains(StatusCode.OK), "the first stream has ended in good order");
        client.Addresses.TryRemove(first.Address, out _);
        await first.KillAsync();
        await using var third = await UsersHost.StartAsync();
        client.Addresses.TryAdd(third.Address, true);
        await Eventually.UntilAsync(() => third.Backend.Calls > 200, "the successor has load");
        await second.DrainAsync();
        await Eventually.UntilAsync(() => second.Backend.StreamEnds.Contains(StatusCode.OK), "the second stream has ended in good order");

        Assert.Empty(await load.StopAsync());
        Assert.Equal(0, client.Counter("failovers"));
    }

    [Fact]
    public async Task Streams_that_age_are_replaced_without_failing_a_call()
    {
        await using var host = await UsersHost.StartAsync(options: ("MaxAge", "00:00:01"));
        await using var client = new UsersClient([host]);
        await using var load = Load.Start(client, callers: 16);

        await Eventually.UntilAsync(() => host.Backend.StreamEnds.Count >= 3, "three streams have aged");

        Assert.Empty(await load.StopAsync());
        Assert.All(host.Backend.StreamEnds, end => Assert.Equal(StatusCode.OK, end));
    }

    [Fact]
    public async Task A_stream_that_ages_at_the_caller_is_replaced_before_it_is_retired()
    {
        await using var host = await UsersHost.StartAsync();
        await using var client = new UsersClient([host], o => o.MaxAge = TimeSpan.FromSeconds(1));
        await using var load = Load.Start(client, callers: 16);

        await Eventually.UntilAsync(() => host.Backend.StreamEnds.Count >= 3, "three streams have aged");

        Assert.Empty(await load.StopAsync());
        Assert.All(host.Backend.StreamEnds, end => Assert.Equal(StatusCode.OK, end));
        Assert.Equal(0, client.Counter("failovers"));
    }

    [Fact]
    public async Task A_replica_that_comes_back_is_connected_to_again()
    {
        await using var first = await UsersHost.StartAsync();
        await using var client = new UsersClient([first]);
        await client.LookupAsync("u");
        await first.KillAsync();

        await using var again = await UsersHost.StartAsync(port: first.Address.Port);

        Assert.Equal("v", (await client.LookupAsync("v")).UserId);
    }

    [Fact]
    public async Task When_the_last_replica_leaves_one_that_has_come_back_is_connected_to_at_once_whatever_the_backoff()
    {
        await using var first = await UsersHost.StartAsync();
        await using var second = await UsersHost.StartAsync();
        // Without more ado it would take minutes.
        await using var client = new UsersClient([first, second], o => (o.ReconnectBackoff, o.MaxReconnectBackoff) = (TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10)));
        await Eventually.UntilAsync(() => first.Backend.Streams == 1 && second.Backend.Streams == 1, "both are connected to");
        await first.KillAsync();
        await Eventually.UntilAsync(() => first.Backend.StreamEnds.Count == 1, "the first is gone");
        await client.LookupAsync("u");
        await using var again = await UsersHost.StartAsync(port: first.Address.Port);

        await second.DrainAsync();

        await Eventually.UntilAsync(() => again.Backend.Streams == 1, "the first is connected to again");
        Assert.Equal("v", (await client.LookupAsync("v")).UserId);
    }

    /// <summary>Callers that look up one user after the other, until told to stop; and every error they saw.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly List<Exception> _errors = [];
        private Task _callers = Task.CompletedTask;
        private int _answered;

        public int Answered => Volatile.Read(ref _answered);

        public static Load Start(UsersClient client, int callers)
        {
            var load = new Load();
            load._callers = Task.WhenAll(Enumerable.Range(0, callers).Select(i => load.CallAsync(client, i)));
            return load;
        }

        public async Task<List<Exception>> StopAsync()
        {
            await _stop.CancelAsync();
            await _callers;
            return _errors;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }

        private async Task CallAsync(UsersClient client, int caller)
        {
            await Task.Yield();
            for (var i = 0; !_stop.IsCancellationRequested; i++)
            {
                try
                {
                    var id = $"u{caller}-{i}";
                    if ((await client.LookupAsync(id)).UserId != id)
                        throw new InvalidOperationException("The answer to another call.");
                    Interlocked.Increment(ref _answered);
                }
                catch (Exception e)
                {
                    lock (_errors)
                        _errors.Add(e);
                }
            }
        }
    }
}
