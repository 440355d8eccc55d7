using System.Diagnostics.Metrics;
using FsCheck.Xunit;
using Grpc.Core;
using Microservices.Streaming;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>Any interleaving of calls, whomever they are made for, cancels, deadlines, broken streams, drains, credit, and principals that are forgotten.</summary>
public sealed class CallInterleavingTests
{
    [Property(MaxTest = 300, EndSize = 200)]
    public Task Every_call_is_completed_exactly_once_and_no_entry_is_left_behind(byte[] steps) => RunAsync(steps, UsersService.LookupUsers);

    [Property(MaxTest = 100, EndSize = 200)]
    public Task A_call_that_may_not_be_repeated_is_never_sent_twice(byte[] steps) => RunAsync(steps, NotIdempotent);

    private static readonly CallStreamMethod<LookupUsersCall, LookupUsersResult> NotIdempotent =
        new CallStreamMethod<LookupUsersRequest, LookupUsersCall, LookupUsersResponse, LookupUsersResult>(
            UsersService.LookupUsers.Method, new CallStreamRule { MaxCallsPerFrame = 3 });

    private static async Task RunAsync(byte[] steps, CallStreamMethod<LookupUsersCall, LookupUsersResult> method)
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var replicas = new Dictionary<Uri, FakeReplica>
        {
            [new("http://replica:1")] = new(credit: 4),
            [new("http://replica:2")] = new(credit: 7),
        };
        var options = new CallStreamClientOptions
        {
            MaxWaiting = 20,
            MaxAttempts = 3,
            HedgeBudget = 0.5,
            MinHedgeDelay = TimeSpan.Zero,
            ReconnectBackoff = TimeSpan.FromMilliseconds(1),
            MaxReconnectBackoff = TimeSpan.FromMilliseconds(5),
            UnavailableAfter = TimeSpan.FromSeconds(30),
        };
        var client = new CallStreamClient<LookupUsersCall, LookupUsersResult>(
            method, options, address => replicas[address], new Replicas(replicas.Keys),
            services.GetRequiredService<IMeterFactory>(), TimeProvider.System, new AwayReplicas(TimeProvider.System, NullLogger<AwayReplicas>.Instance), NullLogger.Instance);
        var calls = new List<Made>();

        foreach (var step in steps)
            await TakeAsync(step, method.Idempotent, client, [.. replicas.Values], calls);
        foreach (var replica in replicas.Values)
            replica.Heal();
        await Task.WhenAll(calls.Select(c => c.Outcome)).WaitAsync(Eventually.Timeout);
        await Eventually.UntilAsync(() => client.Count == 0, "no entry is left behind");
        await client.DisposeAsync();

        Assert.All(calls, c => Assert.Equal(1, c.Completions));
        calls.ForEach(c => c.Dispose());
        Assert.All(replicas.Values, r => Assert.Empty(r.Violations));
        if (!method.Idempotent)
            Assert.All(replicas.Values.SelectMany(r => r.Received).GroupBy(r => r.Key, r => r.Value), id => Assert.Equal(1, id.Sum()));
    }

    private static async Task TakeAsync(byte step, bool repeatable, CallStreamClient<LookupUsersCall, LookupUsersResult> client, FakeReplica[] replicas, List<Made> calls)
    {
        var argument = step / 8;
        var replica = replicas[argument % 2];
        switch (step % 8)
        {
            case 0:
                calls.Add(new Made(client, repeatable ? $"u{argument}" : $"call {calls.Count}", default));
                break;
            case 1:
                calls.Add(new Made(client, (repeatable ? $"u{argument}" : $"call {calls.Count}") + $"@{argument % 5}", new() { Token = $"{argument % 5}" }));
                break;
            case 2:
                calls.Add(new Made(client, (repeatable ? $"u{argument % 4}" : $"call {calls.Count}") + "@p", new() { Timeout = TimeSpan.FromMilliseconds(1 + (argument / 4)), Token = "p" }));
                break;
            case 3 when calls.Count > 0:
                await calls[^(1 + (argument % calls.Count))].HangUpAsync();
                break;
            case 4 or 5:
                replica.Answer(1 + (argument / 8), backwards: argument % 4 < 2, (argument % 8) switch
                {
                    0 => StatusCode.NotFound,
                    2 => StatusCode.Unavailable,
                    4 => StatusCode.DeadlineExceeded,
                    _ => StatusCode.OK,
                }, twice: argument % 3 == 0);
                break;
            case 6 when argument % 4 == 0:
                replica.Break();
                break;
            case 6 when argument % 4 == 1:
                replica.Drain();
                break;
            case 6 when argument % 4 == 2 && argument % 8 == 2:
                replica.Forget();
                break;
            case 6:
                replica.SetCredit((uint)argument / 4);
                break;
            default:
                // Lets the loops run, more or less far.
                for (var i = 0; i < argument; i++)
                    await Task.Yield();
                break;
        }
    }

    /// <summary>A call that was made; awaiting its outcome checks it.</summary>
    private sealed class Made : IDisposable
    {
        private readonly CancellationTokenSource _hangUp = new();
        private int _completions;

        public Made(CallStreamClient<LookupUsersCall, LookupUsersResult> client, string id, CallSettings settings) =>
            Outcome = AwaitAsync(client.CallAsync(new() { UserId = id }, settings, _hangUp.Token), id);

        public Task Outcome { get; }

        public int Completions => Volatile.Read(ref _completions);

        public Task HangUpAsync() => _hangUp.CancelAsync();

        public void Dispose() => _hangUp.Dispose();

        private async Task AwaitAsync(ValueTask<LookupUsersResult> call, string id)
        {
            try
            {
                Assert.Equal(id, (await call).User.UserId);
            }
            catch (RpcException e)
            {
                Assert.Contains(e.StatusCode, new[] { StatusCode.NotFound, StatusCode.Unavailable, StatusCode.DeadlineExceeded, StatusCode.ResourceExhausted });
            }
            catch (OperationCanceledException)
            {
                Assert.True(_hangUp.IsCancellationRequested);
            }

            Interlocked.Increment(ref _completions);
        }
    }

    private sealed class Replicas(IEnumerable<Uri> addresses) : IReplicaSource
    {
        public ValueTask<IReadOnlyCollection<Uri>> ResolveAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyCollection<Uri>>([.. addresses]);
    }
}
