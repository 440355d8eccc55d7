using System.Diagnostics.Metrics;
using Google.Protobuf.Collections;
using Microservices.Primitives;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming.Calls;

/// <summary>The parts of a table of calls, each to be tested alone, on a clock that the test moves.</summary>
internal sealed class CallParts : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CallTable<LookupUsersCall, LookupUsersResult> waiters;
    private readonly List<StreamLink<LookupUsersCall, LookupUsersResult>> streams = [];

    public CallParts(double hedgeBudget = 0.05, bool idempotent = true, ConcurrencyLimit? limit = null)
    {
        var options = new CallStreamClientOptions { HedgeBudget = hedgeBudget };
        var metrics = new CallClientMetrics(services.GetRequiredService<IMeterFactory>(), "test");
        waiters = new(UsersService.LookupUsers, options, metrics, Time);
        Wheel = new(Gate, TimeSpan.FromMilliseconds(1), Time);
        Streams = new(Gate);
        Pool = new(call => Hedging!.OnDue(call));
        Placement = new(Gate, Streams, Pool, Time);
        Hedging = new(Gate, Wheel, Streams, Placement, idempotent, options, metrics, Time);
        FailOver = new(Gate, Placement, Hedging, idempotent, options.MaxAttempts, metrics);
        Outcomes = new(Gate, Wheel, metrics, limit is null ? null : new(limit), Time);
        Frames = new(Gate, Pool, Hedging, maxCalls: 3, maxBytes: 1000, metrics, Time);
    }

    public Lock Gate { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public DeadlineWheel Wheel { get; }

    public ReadyStreams<LookupUsersCall, LookupUsersResult> Streams { get; }

    public CallPool<LookupUsersCall, LookupUsersResult> Pool { get; }

    public CallPlacement<LookupUsersCall, LookupUsersResult> Placement { get; }

    public Hedging<LookupUsersCall, LookupUsersResult> Hedging { get; }

    public FailOver<LookupUsersCall, LookupUsersResult> FailOver { get; }

    public CallOutcomes<LookupUsersCall, LookupUsersResult> Outcomes { get; }

    public FrameFiller<LookupUsersCall, LookupUsersResult> Frames { get; }

    /// <summary>What frames bind, until somebody takes it.</summary>
    public RepeatedField<CallPrincipal> Bind { get; } = [];

    /// <summary>A stream that takes calls, to a replica of its own.</summary>
    public StreamLink<LookupUsersCall, LookupUsersResult> AddStream(int credit = 100)
    {
        var stream = new StreamLink<LookupUsersCall, LookupUsersResult>(new object()) { State = StreamState.Ready, Credit = credit };
        Streams.Add(stream);
        streams.Add(stream);
        return stream;
    }

    /// <summary>A call that nobody has placed yet, with a minute to go.</summary>
    public PendingCall<LookupUsersCall, LookupUsersResult> NewCall(string userId = "ada", int bytes = 10, string? token = null)
    {
        var call = Pool.RentCall(new() { UserId = userId }, bytes, Time.GetTimestamp(), token);
        call.Deadline = Time.GetTimestamp() + TimeSpan.TicksPerMinute;
        return call;
    }

    /// <summary>A call that was given to a stream.</summary>
    public PendingCall<LookupUsersCall, LookupUsersResult> Place(string userId = "ada", int bytes = 10, string? token = null)
    {
        var call = NewCall(userId, bytes, token);
        Placement.Place(call, Placement.StreamForNewCall());
        return call;
    }

    public Waiter<LookupUsersCall, LookupUsersResult> NewWaiter(TimeSpan? timeout = null) =>
        new(waiters) { Deadline = Time.GetTimestamp() + (timeout ?? TimeSpan.FromMinutes(1)).Ticks };

    /// <summary>Who is asked for in the stream's next frame.</summary>
    public string[] Send(StreamLink<LookupUsersCall, LookupUsersResult> stream)
    {
        var (calls, cancels) = (new RepeatedField<LookupUsersCall>(), new RepeatedField<ulong>());
        Frames.Fill(stream, calls, cancels, Bind);
        return [.. calls.Select(call => call.UserId)];
    }

    /// <summary>Sends everything that is queued.</summary>
    public void SendAll()
    {
        foreach (var stream in streams)
        {
            while (stream.Outgoing.Count > 0)
                Send(stream);
        }
    }

    public void Dispose()
    {
        waiters.Dispose();
        Wheel.Dispose();
        services.Dispose();
    }
}
