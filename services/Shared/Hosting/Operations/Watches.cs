using Grpc.Core;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Primitives;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Operations;

/// <summary>The watches of operators that a process serves, at most <see cref="OperationsOptions.MaxWatchers"/>, and <see cref="OperationsOptions.MaxWatchersPerPerson"/> of one person. A singleton; thread-safe.</summary>
public sealed class Watches(IOptions<OperationsOptions> options, IOptions<AdmissionOptions> admission, IStreamAccess access, Drain drain, TimeProvider time)
{
    /// <summary>The domain of the errors that operators' services answer with.</summary>
    public static ErrorDomain Errors { get; } = new("operations.v1");

    private const string TooMany = "TOO_MANY_WATCHERS";
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> people = [];
    private int open;

    /// <summary>How many are open.</summary>
    public int Open => Volatile.Read(ref open);

    /// <summary>Begins one, to be disposed of when it has ended.</summary>
    /// <exception cref="StatusException">There are as many as there may be, or as many of this person.</exception>
    public Watch<T> Begin<T>(IServerStreamWriter<T> responses, ServerCallContext call)
    {
        var caller = (Principal)call.GetHttpContext().User;
        lock (gate)
        {
            if (open >= options.Value.MaxWatchers)
                throw new StatusException(Errors.Overloaded(TooMany, $"As many operators watch this process as may: {options.Value.MaxWatchers}."));
            // A service watches once for all who ask it.
            if (!caller.IsWorkload && people.GetValueOrDefault(caller.Id) >= options.Value.MaxWatchersPerPerson)
                throw new StatusException(Errors.Overloaded(TooMany, $"You watch this process as often as a person may: {options.Value.MaxWatchersPerPerson} times."));
            var watch = new Watch<T>(responses, call, access.Of(call), drain, admission.Value.WriteTimeout, time, () => Ended(caller));
            open++;
            if (!caller.IsWorkload)
                people[caller.Id] = people.GetValueOrDefault(caller.Id) + 1;
            return watch;
        }
    }

    private void Ended(Principal caller)
    {
        lock (gate)
        {
            open--;
            if (!caller.IsWorkload && --people[caller.Id] == 0)
                people.Remove(caller.Id);
        }
    }
}

/// <summary>
/// One watch of an operator: frames go out when the watcher has taken those before, and one that does not read is cut off. It ends with the process and with
/// its token. Not thread-safe.
/// </summary>
public sealed class Watch<T> : IDisposable
{
    private readonly IServerStreamWriter<T> responses;
    private readonly ServerCallContext call;
    private readonly IStreamRights rights;
    private readonly Drain drain;
    private readonly TimeSpan writeTimeout;
    private readonly TimeProvider time;
    private readonly Action ended;
    private readonly CancellationTokenSource over;

    internal Watch(IServerStreamWriter<T> responses, ServerCallContext call, IStreamRights rights, Drain drain, TimeSpan writeTimeout, TimeProvider time, Action ended)
    {
        (this.responses, this.call, this.rights, this.drain, this.writeTimeout, this.time, this.ended) = (responses, call, rights, drain, writeTimeout, time, ended);
        over = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, drain.Token);
    }

    /// <summary>Cancelled when the watcher is gone, or the process leaves.</summary>
    public CancellationToken Over => over.Token;

    /// <summary>Writes a frame. Returns when there is room for the next.</summary>
    /// <exception cref="StatusException">The watcher does not read.</exception>
    public async Task WriteAsync(T frame)
    {
        try
        {
            // No token: cancelling a write would reset the stream without a word.
            await responses.WriteAsync(frame, CancellationToken.None).WaitAsync(writeTimeout, time, call.CancellationToken);
        }
        catch (TimeoutException)
        {
            call.GetHttpContext().CutOff();
            throw new StatusException(Watches.Errors.Exhausted("SLOW_READER", $"The watch was not read for {writeTimeout.TotalSeconds:0} s."));
        }
    }

    /// <summary>Waits, and goes on unless the watch is over.</summary>
    /// <exception cref="StatusException">The process leaves, or the token has expired.</exception>
    /// <exception cref="OperationCanceledException">The watcher is gone.</exception>
    public async Task WaitAsync(TimeSpan wait)
    {
        await Task.Delay(wait, time, Over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ThrowIfOver();
    }

    /// <summary>As of <see cref="WaitAsync"/>, at once.</summary>
    public void ThrowIfOver()
    {
        call.CancellationToken.ThrowIfCancellationRequested();
        if (drain.IsDraining)
            throw new StatusException(Watches.Errors.Unavailable("DRAINING", "The process is about to stop: watch another one."));
        if (rights.Ending() is { } ending)
            throw new StatusException(ending);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        over.Dispose();
        ended();
    }
}
