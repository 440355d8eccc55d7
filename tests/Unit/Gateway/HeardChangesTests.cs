using Grpc.Core;
using Microservices.Gateway;
using Microservices.Gateway.Overviews;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Gateway;

/// <summary>What is given without asking is current, but for what may have changed within the bound.</summary>
public sealed class HeardChangesTests
{
    private readonly FakeTimeProvider time = new();
    private readonly GatewayOptions options = new() { MaxUnverified = TimeSpan.FromSeconds(1) };
    private readonly HeardChanges<string> changes;
    private readonly KnownAnswers<string> known;

    public HeardChangesTests()
    {
        changes = new(Options.Create(options), time);
        known = new(changes, Options.Create(options), time);
    }

    [Fact]
    public void An_answer_is_current_as_long_as_all_changes_were_heard_and_none_was_its_users()
    {
        var answer = Keep("ada");
        Assert.Null(known.FindCurrent("ada", 10));

        changes.HeardAll(time.GetTimestamp());
        Assert.Same(answer, known.FindCurrent("ada", 10));
        Assert.Null(known.FindCurrent("ada", 5));
        Assert.Null(known.FindCurrent("bob", 10));

        time.Advance(options.MaxUnverified);
        Assert.Same(answer, known.FindCurrent("ada", 10));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(known.FindCurrent("ada", 10));
        Assert.Same(answer, known.Find("ada", 10));

        changes.HeardAll(time.GetTimestamp());
        Assert.Same(answer, known.FindCurrent("ada", 10));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_that_has_changed_is_asked_for_again_and_then_current(bool all)
    {
        Keep("ada");
        changes.HeardAll(time.GetTimestamp());
        if (all)
            changes.HearOfAll();
        else
            changes.Hear("ada");

        Assert.Null(known.FindCurrent("ada", 10));
        Assert.Same(Keep("ada"), known.FindCurrent("ada", 10));
    }

    [Fact]
    public void Two_changes_in_the_same_instant_are_two()
    {
        changes.HeardAll(time.GetTimestamp());
        changes.Hear("ada");
        Keep("ada");
        changes.Hear("ada");
        Assert.Null(known.FindCurrent("ada", 10));
    }

    [Fact]
    public void An_answer_that_was_asked_for_before_a_change_was_heard_is_not_current_when_it_comes_after_that()
    {
        changes.HeardAll(time.GetTimestamp());
        var askedFrom = known.AskedFrom("ada");
        changes.Hear("ada");
        known.Keep("ada", 10, new Answer<string>("it", 1, 10), askedFrom);
        Assert.Null(known.FindCurrent("ada", 10));
    }

    [Fact]
    public void Its_age_counts_from_when_it_was_last_known_to_be_current()
    {
        Keep("ada");
        time.Advance(TimeSpan.FromSeconds(30));
        changes.HeardAll(time.GetTimestamp());
        known.FindCurrent("ada", 10);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(5), known.FindStale("ada", 10, TimeSpan.FromSeconds(60))?.Age);
    }

    [Fact]
    public void What_is_given_without_asking_stays_although_others_come()
    {
        options.MaxKnownBytes = 1_000_000;
        var few = new KnownAnswers<string>(changes, Options.Create(options), time);
        changes.HeardAll(time.GetTimestamp());
        var answer = new Answer<string>("it", 1, 1_000);
        few.Keep("ada", 10, answer, few.AskedFrom("ada"));
        for (var i = 0; i < 10_000; i++)
        {
            few.Keep($"u{i}", 10, new Answer<string>("it", 1, 1_000), few.AskedFrom($"u{i}"));
            Assert.Same(answer, few.FindCurrent("ada", 10));
        }
    }

    [Fact]
    public void Nothing_is_given_without_asking_when_that_is_switched_off()
    {
        options.MaxUnverified = TimeSpan.Zero;
        var off = new HeardChanges<string>(Options.Create(options), time);
        off.HeardAll(time.GetTimestamp());
        Assert.False(off.IsCurrent);
    }

    [Fact]
    public async Task The_follower_goes_on_from_where_it_was_and_makes_up_for_what_it_missed()
    {
        var asked = new List<string>();
        var answers = new Queue<Func<ChangedParts>>(
        [
            () => new([], "a", More: false, Reset: true),
            () => throw new RpcException(new Status(StatusCode.Unavailable, "")),
            () => new(["ada"], "b", More: true, Reset: false),
            () => new(["bob"], "c", More: false, Reset: false),
            () => throw new RpcException(new Status(StatusCode.InvalidArgument, "")),
            () => new([], "d", More: false, Reset: true),
        ]);
        var currents = new List<bool>();
        var last = new TaskCompletionSource();
        using var follower = new ChangeFollower<string>("Users", changes, (cursor, _) =>
        {
            currents.Add(changes.IsCurrent);
            asked.Add(cursor);
            if (answers.Count == 0)
            {
                last.TrySetResult();
                return Task.FromResult(new ChangedParts([], "e", false, false));
            }

            return Task.FromResult(answers.Dequeue()());
        }, Options.Create(options), time, NullLogger<ChangeFollower<string>>.Instance);
        await follower.StartAsync(default);
        while (!last.Task.IsCompleted)
        {
            // Past the bound each time: only what the round hears makes anything current.
            time.Advance(options.MaxUnverified * 1.5);
            await Task.Yield();
        }

        await follower.StopAsync(default);
        Assert.Equal(["", "a", "a", "b", "c", "", "d"], asked[..7]);
        Assert.All(currents[..3], Assert.False);
    }

    private Answer<string> Keep(string userId)
    {
        var answer = new Answer<string>("it", 1, 10);
        known.Keep(userId, 10, answer, known.AskedFrom(userId));
        return answer;
    }
}
