using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>Each call of a stream is in its own caller's trace, whatever it travels and is answered together with.</summary>
public sealed class CallTraceTests : IDisposable
{
    private readonly ConcurrentBag<Activity> _stopped = [];
    private readonly ActivityListener _listener;

    public CallTraceTests()
    {
        _listener = new()
        {
            ShouldListenTo = static source => source.Name == "Microservices.Streaming.Calls",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _stopped.Add,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_handler_works_in_the_trace_of_the_first_and_each_call_has_a_span_with_its_own_parent_and_outcome()
    {
        await using var host = await UsersHost.StartAsync();
        var current = new ConcurrentBag<Activity?>();
        host.Backend.Handle = (batch, _) =>
        {
            current.Add(Activity.Current);
            batch[0].Answer(Backend.AnswerTo(batch[0].Message));
            // An answer ends no work.
            current.Add(Activity.Current);
            batch.AnswerEach(Backend.AnswerTo);
            return ValueTask.CompletedTask;
        };
        var (first, second) = (Context(), Context());

        var results = await CallAsync(host,
            new LookupUsersCall { CallId = 1, UserId = "u1" },
            new LookupUsersCall { CallId = 2, UserId = "u2", TraceContext = Bytes(first) },
            new LookupUsersCall { CallId = 3, UserId = "throws", TraceContext = Bytes(second) },
            new LookupUsersCall { CallId = 4, UserId = "u4", TraceContext = ByteString.CopyFromUtf8("no context") });

        Assert.Equal([1ul, 2ul, 3ul, 4ul], results.Select(r => r.CallId).Order());
        await Eventually.UntilAsync(() => Of(first).Any() && Of(second).Any(), "both spans are over");
        var (one, other) = (Assert.Single(Of(first)), Assert.Single(Of(second)));
        Assert.All(current, c => Assert.Equal(one.SpanId, c?.SpanId));
        Assert.Equal((first.SpanId, second.SpanId), (one.ParentSpanId, other.ParentSpanId));
        Assert.Equal((ActivityKind.Server, "users.v1.UsersService/LookupUsers"), (one.Kind, one.OperationName));
        Assert.Equal(("OK", ActivityStatusCode.Unset), (one.GetTagItem("rpc.response.status_code"), one.Status));
        Assert.Equal(("INTERNAL", ActivityStatusCode.Error), (other.GetTagItem("rpc.response.status_code"), other.Status));
        Assert.Equal(one.SpanId, Assert.Single(other.Links).Context.SpanId);
    }

    [Fact]
    public async Task The_span_of_a_call_that_was_not_answered_in_time_ends_then()
    {
        await using var host = await UsersHost.StartAsync();
        host.Backend.Handle = async (batch, _) =>
        {
            await host.Backend.Gate;
            batch.AnswerEach(Backend.AnswerTo);
        };
        var context = Context();

        var result = Assert.Single(await CallAsync(host, new LookupUsersCall { CallId = 1, UserId = "u1", TimeoutMs = 50, TraceContext = Bytes(context) }));
        host.Backend.Release();

        Assert.Equal((int)StatusCode.DeadlineExceeded, result.Error.Code);
        await Eventually.UntilAsync(() => Of(context).Any(), "its span is over");
        Assert.Equal("DEADLINE_EXCEEDED", Assert.Single(Of(context)).GetTagItem("rpc.response.status_code"));
    }

    [Fact]
    public async Task Who_joins_a_call_that_is_under_way_finds_it_by_a_link()
    {
        await using var host = await UsersHost.StartAsync();
        host.Backend.Handle = async (batch, _) =>
        {
            await host.Backend.Gate;
            batch.AnswerEach(Backend.AnswerTo);
        };
        await using var client = new UsersClient([host]);
        await Eventually.UntilAsync(() => client.Calls.IsConnected, "connected");

        var (first, lookup) = Look();
        var (second, joined) = Look();
        await Eventually.UntilAsync(() => client.Counter("shared") == 1, "the second has joined");
        host.Backend.Release();
        await Task.WhenAll(lookup, joined);

        await Eventually.UntilAsync(() => Of(first).Count() == 2 && Of(second).Any(), "all spans are over");
        var caller = Assert.Single(Of(first), s => s.Kind == ActivityKind.Client);
        var callee = Assert.Single(Of(first), s => s.Kind == ActivityKind.Server);
        Assert.Equal(caller.SpanId, callee.ParentSpanId);
        Assert.Equal(caller.SpanId, Assert.Single(Assert.Single(Of(second)).Links).Context.SpanId);

        (ActivityContext, Task<User>) Look()
        {
            using var root = new Activity("root").SetIdFormat(ActivityIdFormat.W3C).Start();
            root.ActivityTraceFlags = ActivityTraceFlags.Recorded;
            return (root.Context, client.LookupAsync("u1"));
        }
    }

    private IEnumerable<Activity> Of(ActivityContext trace) => _stopped.Where(span => span.TraceId == trace.TraceId);

    private static ActivityContext Context() => new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);

    private static ByteString Bytes(ActivityContext context) => ByteString.CopyFrom(Convert.FromHexString($"{context.TraceId}{context.SpanId}"));

    private static async Task<List<LookupUsersResult>> CallAsync(UsersHost host, params LookupUsersCall[] calls)
    {
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new UsersService.UsersServiceClient(channel).LookupUsers();
        await stream.RequestStream.WriteAsync(new LookupUsersRequest { Calls = { calls } });
        var results = new List<LookupUsersResult>();
        while (results.Count < calls.Length && await stream.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout))
            results.AddRange(stream.ResponseStream.Current.Results);
        await stream.RequestStream.CompleteAsync();
        return results;
    }
}
