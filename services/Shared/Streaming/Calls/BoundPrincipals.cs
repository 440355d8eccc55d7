using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Who the calls of one stream are made for, at its callee: the tokens that its caller has bound to numbers. A token is checked when a call uses it, and not
/// again once it was found good; one that is refused, once a frame at the most. Used by the stream's reader alone.
/// </summary>
/// <param name="stream">The rights of the stream's caller; null where nobody's are checked.</param>
/// <param name="wait">Awaits a check that does not end at once.</param>
internal sealed class BoundPrincipals<TCall, TResult>(IStreamRights? stream, Func<BoundPrincipal<TCall, TResult>, ValueTask<BoundRights>, Task> wait)
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private readonly RecentlyUsed<uint, BoundPrincipal<TCall, TResult>> _known = new(CallPrincipals.MaxKept, CallPrincipals.MaxKeptLength);
    private long _frame;

    /// <summary>How many there are.</summary>
    internal int Count => _known.Count;

    /// <summary>Binds what a frame binds, and begins to check the tokens that its calls use.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it binds too much, or the number 0.</exception>
    internal void Take(ICallFrame<TCall> frame)
    {
        if (frame.Bind.Count > CallPrincipals.MaxPerFrame)
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"A frame may bind {CallPrincipals.MaxPerFrame} principals."));
        _frame++;
        // What is too much after the frame before.
        _known.Trim();
        foreach (var bound in frame.Bind)
        {
            if (bound.PrincipalId == 0)
                throw new RpcException(new Status(StatusCode.InvalidArgument, "The number 0 is the caller itself: bind another one."));
            _known.Set(bound.PrincipalId, new(bound.Token), bound.Token.Length);
        }

        foreach (var call in frame.Calls)
        {
            if (call.PrincipalId != 0 && Find(call.PrincipalId) is { } principal)
                Check(principal);
        }
    }

    /// <summary>Whom a number stands for; null when that is not known.</summary>
    internal BoundPrincipal<TCall, TResult>? Find(uint number) => _known.TryUse(number, out var principal) ? principal : null;

    private void Check(BoundPrincipal<TCall, TResult> principal)
    {
        if (stream is null || !principal.BeginCheck(_frame, out var token))
            return;
        var check = stream.BindAsync(token);
        if (check.IsCompletedSuccessfully)
            principal.EndCheck(check.Result);
        else
            principal.Checking = wait(principal, check);
    }
}

/// <summary>
/// A token that was bound, and what came of checking it. Changed by the stream's reader; while a check is under way, only under the lock of the
/// <see cref="CallStreamState{TCall, TResult}"/>, by whoever awaits it.
/// </summary>
internal sealed class BoundPrincipal<TCall, TResult>(string token)
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private string? _token = token;
    private volatile bool _isChecking;
    private long _checkedIn;

    /// <summary>Whether it is not known yet what calls may be about.</summary>
    internal bool IsChecking => _isChecking;

    /// <summary>What came of the last check.</summary>
    internal BoundRights Outcome { get; private set; }

    /// <summary>The check that is under way, or was.</summary>
    internal Task Checking { get; set; } = Task.CompletedTask;

    /// <summary>The calls that wait for it.</summary>
    internal List<ServerCall<TCall, TResult>> Waiting => field ??= [];

    /// <summary>Whether the token is to be checked: it is not known to be good, and was not checked in this frame.</summary>
    internal bool BeginCheck(long frame, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? token)
    {
        token = _token;
        if (_isChecking || token is null || _checkedIn == frame)
            return false;
        _checkedIn = frame;
        return _isChecking = true;
    }

    /// <summary>A token that is good is needed no more.</summary>
    internal void EndCheck(BoundRights outcome)
    {
        Outcome = outcome;
        if (outcome.Rights is not null)
            _token = null;
        _isChecking = false;
    }
}
