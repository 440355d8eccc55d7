using System.Collections.Concurrent;
using Grpc.Core;

namespace Microservices.Streaming;

/// <summary>
/// The replicas that this process does not reach, for all its clients of streams: one line in the log when one goes, with the cause, and one when
/// it is back. A replica that is not up yet, or drains, goes without a line unless it stays away (<see cref="Outage"/>). Thread-safe.
/// </summary>
internal sealed partial class AwayReplicas(TimeProvider time, ILogger<AwayReplicas> logger)
{
    private const int MaxCause = 300;
    private readonly ConcurrentDictionary<string, Outage> _outages = new();

    /// <summary>No stream to it has come about.</summary>
    internal void Missed(Uri replica, Exception? cause) => Begin(replica, cause, isExpected: true);

    /// <summary>A stream to it has ended that it had not said it would end.</summary>
    internal void Broke(Uri replica, Exception? cause) => Begin(replica, cause, isExpected: false);

    /// <summary>It has said that it leaves.</summary>
    internal void Left(Uri replica) => OutageOf($"{replica}").Begin();

    /// <summary>A stream to it stands.</summary>
    internal void Reached(Uri replica)
    {
        if (_outages.TryRemove($"{replica}", out var outage) && outage.End() is { } lasted)
            LogBack(replica, lasted);
    }

    /// <summary>It is no replica any more.</summary>
    internal void Forget(Uri replica) => _outages.TryRemove($"{replica}", out _);

    /// <summary>It could not be found out where the replicas are.</summary>
    internal void NotResolved(IEnumerable<string> names, Exception cause)
    {
        var joined = string.Join(", ", names);
        if (OutageOf(joined).Begin())
            LogNotResolved(joined, CauseOf(cause));
    }

    /// <summary>It was found out where the replicas are.</summary>
    internal void Resolved(IEnumerable<string> names)
    {
        if (_outages.IsEmpty)
            return;
        var joined = string.Join(", ", names);
        if (_outages.TryRemove(joined, out var outage) && outage.End() is { } lasted)
            LogResolved(joined, lasted);
    }

    /// <summary>Why, in a few words and one line: what is said innermost, since gRPC wraps what the system says.</summary>
    internal static string CauseOf(Exception? exception)
    {
        var cause = exception switch
        {
            null => "it has ended the stream",
            OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled } => "it does not answer",
            RpcException { Status.DebugException: { } debug } => debug.GetBaseException().Message,
            RpcException rpc => $"{rpc.StatusCode}: {rpc.Status.Detail}",
            _ => exception.GetBaseException().Message,
        };
        cause = cause.ReplaceLineEndings(" ");
        return cause.Length <= MaxCause ? cause : cause[..MaxCause];
    }

    private void Begin(Uri replica, Exception? cause, bool isExpected)
    {
        if (OutageOf($"{replica}").Begin(isExpected))
            LogAway(replica, CauseOf(cause));
    }

    private Outage OutageOf(string name) => _outages.GetOrAdd(name, static (_, time) => new Outage(time), time);

    [LoggerMessage(10, LogLevel.Warning, "Replica {Address} is away: {Cause}. It is tried again and again; the next line about it comes when it is back")]
    private partial void LogAway(Uri address, string cause);

    [LoggerMessage(11, LogLevel.Information, "Replica {Address} is back, after {Lasted}")]
    private partial void LogBack(Uri address, TimeSpan lasted);

    [LoggerMessage(12, LogLevel.Warning, "{Names} cannot be resolved: {Cause}. The known replicas are kept; the next line about it comes when they can")]
    private partial void LogNotResolved(string names, string cause);

    [LoggerMessage(13, LogLevel.Information, "{Names} can be resolved again, after {Lasted}")]
    private partial void LogResolved(string names, TimeSpan lasted);
}
