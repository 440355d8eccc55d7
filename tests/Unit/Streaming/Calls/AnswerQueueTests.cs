using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Streaming.Calls;

public sealed class AnswerQueueTests
{
    private readonly Lock gate = new();
    private readonly AnswerQueue<LookupUsersResult> queue;
    private List<LookupUsersResult> taken = [];

    public AnswerQueueTests() => queue = new(gate, credit: 7);

    [Fact]
    public void The_first_frame_announces_the_credit_and_what_is_said_later_is_said_once()
    {
        using var held = gate.EnterScope();
        Assert.Equal(7u, Take().Control!.Credit);
        Assert.Null(Take().Control);
        queue.Announce(new Draining());

        var said = Take();
        Assert.True(said.Any);
        Assert.NotNull(said.Control!.Draining);
        Assert.False(Take().Any);
    }

    [Fact]
    public void Whoever_waits_for_what_there_is_to_be_written_waits_for_no_more_than_that()
    {
        using var held = gate.EnterScope();
        Assert.True(queue.WhenWrittenAsync().IsCompleted);
        queue.Add(new() { CallId = 1 });
        var first = queue.WhenWrittenAsync();
        queue.Add(new() { CallId = 2 });
        queue.Add(new() { CallId = 3 });
        var second = queue.WhenWrittenAsync();
        Assert.Equal([1ul, 2, 3], Take().Ids);
        Assert.False(first.IsCompleted);

        queue.Wrote(2);
        Assert.Equal((true, false), (first.IsCompleted, second.IsCompleted));
        queue.Wrote(1);
        Assert.True(second.IsCompleted);
        Assert.True(queue.WhenWrittenAsync().IsCompleted);
    }

    [Fact]
    public void Nobody_waits_for_a_writer_any_more_that_has_stopped()
    {
        using var held = gate.EnterScope();
        queue.Add(new() { CallId = 1 });
        var waiting = queue.WhenWrittenAsync();
        queue.Stop();

        Assert.True(waiting.IsCompleted);
        Assert.True(queue.WhenWrittenAsync().IsCompleted);
        Assert.Equal([1ul], Take().Ids);
    }

    private (bool Any, CallControl? Control, ulong[] Ids) Take()
    {
        taken.Clear();
        var any = queue.Take(ref taken, out var control);
        return (any, control, [.. taken.Select(answer => answer.CallId)]);
    }
}
