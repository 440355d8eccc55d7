using System.Threading.Channels;
using Google.Protobuf.Collections;
using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>
/// A replica in memory that does what a test says: answers in any order, wrongly, twice or never; breaks, drains, changes its credit.
/// It notes when a caller breaks the rules of the contract.
/// </summary>
internal sealed class FakeReplica(uint credit) : ReplicaConnection<LookupUsersCall, LookupUsersResult>
{
    private readonly Lock _gate = new();
    private readonly List<(Transport Stream, LookupUsersCall Call)> _open = [];
    private readonly List<Transport> _streams = [];
    private readonly List<string> _violations = [];
    private bool _answering;
    private readonly Dictionary<string, int> _received = [];

    /// <summary>How often each user was asked for, over all streams.</summary>
    public IReadOnlyDictionary<string, int> Received
    {
        get
        {
            lock (_gate)
                return new Dictionary<string, int>(_received);
        }
    }

    /// <summary>How many calls have come that are not answered.</summary>
    public int Open
    {
        get
        {
            lock (_gate)
                return _open.Count;
        }
    }

    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_gate)
                return [.. _violations];
        }
    }

    /// <summary>Answers up to so many calls, the latest first if <paramref name="backwards"/>; each in its own way.</summary>
    public void Answer(int count, bool backwards, StatusCode code, bool twice = false)
    {
        lock (_gate)
        {
            for (; count > 0 && _open.Count > 0; count--)
            {
                var (stream, call) = _open[backwards ? ^1 : 0];
                _open.RemoveAt(backwards ? _open.Count - 1 : 0);
                stream.Answer(call, code);
                if (twice)
                    stream.Answer(call, code);
            }
        }
    }

    public void Break()
    {
        lock (_gate)
        {
            foreach (var stream in _streams.ToArray())
                stream.Dispose();
        }
    }

    /// <summary>Forgets who is bound, as a callee does that keeps fewer than its caller thinks.</summary>
    public void Forget()
    {
        lock (_gate)
            _streams.ForEach(s => s.Principals.Clear());
    }

    public void Drain()
    {
        lock (_gate)
            _streams.ForEach(s => s.Send(new() { Control = new() { Draining = new() } }));
    }

    public void SetCredit(uint newCredit)
    {
        lock (_gate)
            _streams.ForEach(s => s.Grant(newCredit));
    }

    /// <summary>From now on everything is answered at once, and well.</summary>
    public void Heal()
    {
        lock (_gate)
        {
            _answering = true;
            _streams.ForEach(s => s.Grant(credit));
            Answer(int.MaxValue, backwards: false, StatusCode.OK);
        }
    }

    internal override ValueTask<CallTransport<LookupUsersCall, LookupUsersResult>> OpenAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var stream = new Transport(this);
            _streams.Add(stream);
            stream.Grant(credit);
            return ValueTask.FromResult<CallTransport<LookupUsersCall, LookupUsersResult>>(stream);
        }
    }

    public override void Dispose() => Break();

    private void Receive(Transport stream, RepeatedField<LookupUsersCall> calls, RepeatedField<ulong> cancels, RepeatedField<CallPrincipal> bind)
    {
        lock (_gate)
        {
            var frame = new LookupUsersRequest { Calls = { calls }, CancelCallIds = { cancels }, Bind = { bind } };
            if (frame.CalculateSize() > MessageSizes.MaxRequest)
                _violations.Add($"a frame has {frame.CalculateSize()} bytes");
            foreach (var bound in bind)
            {
                if (!stream.Principals.TryAdd(bound.PrincipalId, bound.Token))
                    _violations.Add($"the number {bound.PrincipalId} is used twice");
            }

            foreach (var call in calls)
            {
                if (!IsOfItsPrincipal(stream, call))
                    continue;
                _received[call.UserId] = _received.GetValueOrDefault(call.UserId) + 1;
                if (_open.Any(o => o.Stream == stream && o.Call.CallId == call.CallId))
                    _violations.Add($"id {call.CallId} is used twice");
                if (call.TimeoutMs == 0)
                    _violations.Add($"call {call.CallId} has no deadline");
                _open.Add((stream, call.Clone()));
                if (_open.Count(o => o.Stream == stream) > stream.MostCredit)
                    _violations.Add("more calls than credit");
            }

            foreach (var id in cancels)
            {
                var index = _open.FindIndex(o => o.Stream == stream && o.Call.CallId == id);
                if (index < 0)
                    continue;
                stream.Answer(_open[index].Call, StatusCode.Cancelled);
                _open.RemoveAt(index);
            }

            if (_answering)
                Answer(int.MaxValue, backwards: false, StatusCode.OK);
        }
    }

    // A test names in the user's id whose token the call has.
    private bool IsOfItsPrincipal(Transport stream, LookupUsersCall call)
    {
        if (call.PrincipalId != 0 && !stream.Principals.ContainsKey(call.PrincipalId))
        {
            stream.Send(new() { Results = { new LookupUsersResult { CallId = call.CallId, Error = CallResults.PrincipalUnknown } } });
            return false;
        }

        var token = call.UserId.Contains('@', StringComparison.Ordinal) ? call.UserId[(call.UserId.IndexOf('@', StringComparison.Ordinal) + 1)..] : null;
        if (token != (call.PrincipalId == 0 ? null : stream.Principals[call.PrincipalId]))
            _violations.Add($"{call.UserId} was asked for in the name of {call.PrincipalId}");
        return true;
    }

    private void Gone(Transport stream)
    {
        lock (_gate)
        {
            _streams.Remove(stream);
            _open.RemoveAll(o => o.Stream == stream);
        }
    }

    private sealed class Transport(FakeReplica replica) : CallTransport<LookupUsersCall, LookupUsersResult>
    {
        private readonly Channel<LookupUsersResponse> _frames = Channel.CreateUnbounded<LookupUsersResponse>();
        private LookupUsersResponse _current = new();

        /// <summary>Less credit counts from when the caller has read of it, which is not known here: so the most ever given.</summary>
        internal uint MostCredit { get; private set; }

        /// <summary>Whose token was bound to which number.</summary>
        internal Dictionary<uint, string> Principals { get; } = [];

        public override RepeatedField<LookupUsersCall> Calls { get; } = [];

        public override RepeatedField<ulong> CancelCallIds { get; } = [];

        public override RepeatedField<CallPrincipal> Bind { get; } = [];

        public override RepeatedField<LookupUsersResult> Results => _current.Results;

        public override CallControl? Control => _current.Control;

        internal void Grant(uint credit)
        {
            MostCredit = Math.Max(MostCredit, credit);
            Send(new() { Control = new() { Credit = credit } });
        }

        internal void Answer(LookupUsersCall call, StatusCode code) => Send(new()
        {
            Results =
            {
                code == StatusCode.OK
                    ? new LookupUsersResult { CallId = call.CallId, User = new() { UserId = call.UserId } }
                    : new LookupUsersResult { CallId = call.CallId, Error = new() { Code = (int)code } },
            },
        });

        internal void Send(LookupUsersResponse frame) => _frames.Writer.TryWrite(frame);

        public override async Task WriteAsync()
        {
            await Task.Yield();
            replica.Receive(this, Calls, CancelCallIds, Bind);
            Calls.Clear();
            CancelCallIds.Clear();
            Bind.Clear();
        }

        public override Task CompleteAsync()
        {
            _frames.Writer.TryComplete();
            return Task.CompletedTask;
        }

        public override async Task<bool> ReadAsync()
        {
            return await _frames.Reader.WaitToReadAsync() && _frames.Reader.TryRead(out _current!);
        }

        public override void Dispose()
        {
            _frames.Writer.TryComplete(new IOException("The stream broke."));
            replica.Gone(this);
        }
    }
}
