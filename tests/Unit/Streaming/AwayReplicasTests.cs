using System.Net.Sockets;
using Grpc.Core;
using Microservices.Primitives;
using Microservices.Streaming;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>What the log says of replicas that are away, whatever all the clients of a process meet.</summary>
public sealed class AwayReplicasTests : ILogger<AwayReplicas>
{
    private static readonly Uri One = new("http://10.0.0.1:5002");
    private static readonly Uri Two = new("http://10.0.0.2:5002");
    private static readonly RpcException Refused = new(new Status(StatusCode.Unavailable, "Error starting gRPC call.",
        new HttpRequestException("Connection refused (10.0.0.1:5002)", new SocketException((int)SocketError.ConnectionRefused))));

    private readonly FakeTimeProvider time = new();
    private readonly List<string> lines = [];
    private readonly AwayReplicas away;

    public AwayReplicasTests() => away = new(time, this);

    [Fact]
    public void A_replica_that_is_killed_is_one_line_when_it_goes_and_one_when_it_is_back()
    {
        away.Broke(One, Refused);
        for (var i = 0; i < 60; i++)
        {
            away.Broke(One, null);
            away.Missed(One, Refused);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        away.Reached(One);
        away.Reached(One);

        Assert.Equal(
        [
            "Warning: Replica http://10.0.0.1:5002/ is away: Connection refused. It is tried again and again; the next line about it comes when it is back",
            "Information: Replica http://10.0.0.1:5002/ is back, after 00:01:00",
        ], lines);
    }

    [Fact]
    public void Replicas_that_start_drain_and_are_back_within_seconds_are_no_line()
    {
        away.Missed(One, Refused);
        time.Advance(Outage.Grace / 2);
        away.Reached(One);
        away.Left(One);
        away.Broke(One, null);
        time.Advance(Outage.Grace / 2);
        away.Missed(One, Refused);
        away.Reached(One);

        Assert.Empty(lines);
    }

    [Fact]
    public void A_replica_that_drains_and_stays_away_is_a_line_unless_it_is_no_replica_any_more()
    {
        away.Left(One);
        away.Left(Two);
        away.Forget(Two);
        time.Advance(Outage.Grace);
        away.Missed(One, Refused);
        away.Missed(Two, Refused);

        Assert.StartsWith("Warning: Replica http://10.0.0.1:5002/ is away", Assert.Single(lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_does_not_resolve_is_a_line_only_when_that_lasts()
    {
        string[] names = ["dns:///orders:5002"];
        away.NotResolved(names, new SocketException((int)SocketError.HostNotFound));
        away.Resolved(names);
        Assert.Empty(lines);

        away.NotResolved(names, new SocketException((int)SocketError.HostNotFound));
        time.Advance(Outage.Grace);
        away.NotResolved(names, new SocketException((int)SocketError.HostNotFound));
        away.NotResolved(names, new SocketException((int)SocketError.HostNotFound));
        away.Resolved(names);

        Assert.Equal(2, lines.Count);
        Assert.StartsWith("Warning: dns:///orders:5002 cannot be resolved: ", lines[0], StringComparison.Ordinal);
        Assert.Equal("Information: dns:///orders:5002 can be resolved again, after 00:00:30", lines[1]);
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Assert.Null(exception);
        lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
