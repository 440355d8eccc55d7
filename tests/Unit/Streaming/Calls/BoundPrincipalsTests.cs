using FsCheck.Xunit;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Streaming.Calls;

/// <summary>Who the calls of a stream are made for, at its callee.</summary>
public sealed class BoundPrincipalsTests : IDisposable
{
    private readonly FakeRights rights = new();
    private readonly ServerParts parts;
    private readonly CancellationTokenSource running = new();

    public BoundPrincipalsTests() => parts = new(credit: 10_000, rights: rights);

    public void Dispose()
    {
        parts.Dispose();
        running.Dispose();
    }

    [Fact]
    public void Each_call_of_a_batch_is_its_principals_and_what_is_refused_is_refused_alone()
    {
        Accept([(1, "ada"), (2, "bob"), (3, "!bad")], (1, 1, "ada"), (2, 1, "bob"), (3, 2, "bob"), (4, 0, "bob"), (5, 3, "bad"), (6, 9, "eve"));

        Assert.Equal([(1ul, "ada"), (3ul, "bob"), (4ul, null)], TakeOwners());
        Assert.Equal(
            [(2ul, StatusCode.PermissionDenied), (5ul, StatusCode.Unauthenticated), (6ul, StatusCode.Unavailable)],
            parts.TakeAnswers().Select(answer => (answer.Id, answer.Error!.Value)).Order());
    }

    [Fact]
    public void A_token_is_checked_once_and_one_that_is_refused_once_a_frame()
    {
        Accept([(1, "ada"), (2, "!bad"), (3, "unused")], (1, 1, "ada"), (2, 1, "ada"), (3, 2, "bad"), (4, 2, "bad"));
        Assert.Equal(2, rights.Checks);

        Accept([], (5, 1, "ada"), (6, 2, "bad"));
        Assert.Equal(3, rights.Checks);

        // It may have been for keys that are there now.
        rights.AcceptsAll = true;
        Accept([], (7, 2, "!bad"));
        Assert.Contains((7ul, "!bad"), TakeOwners());
    }

    [Fact]
    public async Task A_check_that_takes_long_holds_up_the_calls_of_its_principal_alone()
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parts.Stream.Released = () => released.TrySetResult();
        Accept([(1, "?slow"), (2, "bob")], (1, 1, "?slow"), (2, 2, "bob"), (3, 1, "bob"));
        Assert.Equal([(2ul, "bob")], TakeOwners());
        parts.Arrive(timeoutMs: 0, 4);
        parts.Cancel(4);

        rights.Slow.SetResult(new BoundRights(new Person("?slow"), null));
        await released.Task.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal([(1ul, "?slow")], TakeOwners());
        Assert.Equal([(3ul, StatusCode.PermissionDenied), (4ul, StatusCode.Cancelled)], parts.TakeAnswers().Select(answer => (answer.Id, answer.Error!.Value)).Order());
    }

    [Fact]
    public async Task A_call_that_was_answered_while_its_token_was_checked_is_not_handled()
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parts.Stream.Released = () => released.TrySetResult();
        Accept([(1, "?slow")], (1, 1, "?slow"));
        parts.Cancel(1);

        rights.Slow.SetResult(new BoundRights(new Person("?slow"), null));
        await released.Task.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Empty(TakeOwners());
        Assert.Equal([(1ul, (StatusCode?)StatusCode.Cancelled)], parts.TakeAnswers());
    }

    [Fact]
    public void Of_more_than_are_kept_those_are_forgotten_that_were_not_used_for_longest()
    {
        const uint More = CallPrincipals.MaxKept + 1;
        for (uint first = 1; first <= CallPrincipals.MaxKept; first += CallPrincipals.MaxPerFrame)
            Accept([.. Enumerable.Range((int)first, CallPrincipals.MaxPerFrame).Select(number => ((uint)number, $"u{number}"))]);
        Accept([], (1, 1, "u1"));
        Accept([(More, "more")]);

        Accept([], (2, 1, "u1"), (3, 2, "u2"), (4, More, "more"));

        Assert.Equal([(1ul, "u1"), (2ul, "u1"), (4ul, "more")], TakeOwners());
        Assert.Equal([(3ul, (StatusCode?)StatusCode.Unavailable)], parts.TakeAnswers());
        Assert.Equal(CallPrincipals.MaxKept, parts.Stream.Bound);
    }

    [Fact]
    public void Tokens_that_are_long_are_kept_in_smaller_number()
    {
        var token = new string('x', CallPrincipals.MaxTokenLength);
        for (uint number = 1; number <= 2 * CallPrincipals.MaxKeptLength / (uint)token.Length; number++)
            Accept([(number, token)]);
        Accept([]);

        Assert.Equal(CallPrincipals.MaxKeptLength / token.Length, parts.Stream.Bound);
    }

    [Fact]
    public void A_frame_that_binds_too_much_or_the_caller_itself_ends_the_stream()
    {
        foreach (var bind in (IEnumerable<(uint, string)[]>)[[(0, "ada")], [.. Enumerable.Range(1, CallPrincipals.MaxPerFrame + 1).Select(number => ((uint)number, "ada"))]])
            Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => Accept(bind)).StatusCode);
    }

    [Fact]
    public void A_handler_refuses_what_its_principal_may_not_see_even_where_the_stream_let_it_pass()
    {
        rights.LetsAllPass = true;
        Accept([(1, "ada")], (1, 1, "bob"), (2, 1, "ada"), (3, 0, "bob"));
        var batch = parts.TakeBatch(running);

        batch.RefuseOthers(call => call.UserId, new() { Code = (int)StatusCode.PermissionDenied });

        Assert.Equal([(1ul, (StatusCode?)StatusCode.PermissionDenied)], parts.TakeAnswers());
        Assert.Equal([2ul, 3ul], batch.Where(call => !call.IsAnswered).Select(call => call.Message.CallId));
    }

    /// <summary>A caller and a callee, as they are: what the caller thinks is known is known, and by that token, whatever comes in whatever order.</summary>
    [Property(MaxTest = 20)]
    public void What_the_caller_thinks_is_known_is_known_by_that_token(int seed)
    {
        using var callee = new ServerParts(credit: 65_536, rights: rights);
        var random = new Random(seed);
        var (caller, id, people) = (new StreamPrincipals(), 0ul, random.Next(1, 9_000));
        var long8K = new string('x', CallPrincipals.MaxTokenLength - 5);
        for (var frame = 0; frame < 60; frame++)
        {
            var (calls, bind) = (new RepeatedField<LookupUsersCall>(), new RepeatedField<CallPrincipal>());
            for (var i = random.Next(1_000); i > 0; i--)
            {
                // Some are asked for again and again; a few are long, so that fewer can be kept.
                var person = Math.Min(random.Next(people), random.Next(people));
                var token = person % 10 == 0 ? $"{long8K}{person:D5}" : $"{person}";
                if (caller.NumberFor(token, bind) is not (> 0 and var number))
                    break;
                calls.Add(new LookupUsersCall { CallId = ++id, UserId = token, PrincipalId = number });
            }

            caller.Trim();
            callee.Stream.Accept(new LookupUsersRequest { Calls = { calls }, Bind = { bind } });
            var batch = callee.TakeBatch(running);
            Assert.Equal(calls.Count, batch.Count);
            Assert.All(batch, call => Assert.Equal(call.Message.UserId, call.Owner));
            batch.AnswerEach(_ => new LookupUsersResult());
            Assert.All(callee.TakeAnswers(), answer => Assert.Null(answer.Error));
            callee.Stream.EndBatch(batch, new());
            Assert.InRange(caller.Count, 0, CallPrincipals.MaxKept);
        }
    }

    private void Accept((uint Number, string Token)[] bind, params (ulong Id, uint Principal, string UserId)[] calls) => parts.Stream.Accept(new LookupUsersRequest
    {
        Bind = { bind.Select(bound => new CallPrincipal { PrincipalId = bound.Number, Token = bound.Token }) },
        Calls = { calls.Select(call => new LookupUsersCall { CallId = call.Id, PrincipalId = call.Principal, UserId = call.UserId }) },
    });

    private List<(ulong Id, string? Owner)> TakeOwners() => [.. parts.TakeBatch(running).Select(call => (call.Message.CallId, call.Owner))];

    /// <summary>A service's, for whom tokens are users' ids: one that begins with ! is refused, and the check of one that begins with ? takes long.</summary>
    private sealed class FakeRights : IStreamRights
    {
        public int Checks { get; private set; }

        public bool AcceptsAll { get; set; }

        public bool LetsAllPass { get; set; }

        public TaskCompletionSource<BoundRights> Slow { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Caller => "service:gateway";

        public string? Owner => null;

        public DateTimeOffset Expires => DateTimeOffset.MaxValue;

        public Google.Rpc.Status? Refusal(IMessage part) => null;

        public ValueTask<BoundRights> BindAsync(string token)
        {
            Checks++;
            return token[0] switch
            {
                '?' => new(Slow.Task),
                '!' when !AcceptsAll => new(new BoundRights(null, new() { Code = (int)StatusCode.Unauthenticated })),
                _ => new(new BoundRights(new Person(token, LetsAllPass), null)),
            };
        }

        public Google.Rpc.Status? Subscribing() => null;

        public void Unsubscribed()
        {
        }

        public Google.Rpc.Status? Ending() => null;

        public ValueTask<Google.Rpc.Status?> RenewAsync(string token, CancellationToken cancellationToken) => new((Google.Rpc.Status?)null);
    }

    private sealed class Person(string userId, bool letsAllPass = false) : ICallRights
    {
        public string? Owner => userId;

        public Google.Rpc.Status? Refusal(IMessage part) =>
            letsAllPass || ((LookupUsersCall)part).UserId == userId ? null : new() { Code = (int)StatusCode.PermissionDenied };
    }
}
