using Microservices.Streaming.Calls;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Streaming.Calls;

public sealed class SingleFlightTests : IDisposable
{
    private readonly CallParts parts = new();
    private readonly SingleFlight<LookupUsersCall, LookupUsersResult> flights;

    public SingleFlightTests() => flights = new(parts.Gate);

    public void Dispose() => parts.Dispose();

    [Fact]
    public void An_identical_question_of_the_same_principal_finds_the_call_under_way_and_no_other_does()
    {
        using var held = parts.Gate.EnterScope();
        var call = parts.NewCall("ada");
        flights.Add(Key("ada", "p"), call);

        Assert.Same(call, flights.Find(Key("ada", "p"), notBefore: 0));
        Assert.Null(flights.Find(Key("ada", "q"), notBefore: 0));
        Assert.Null(flights.Find(Key("ada", null), notBefore: 0));
        Assert.Null(flights.Find(Key("bob", "p"), notBefore: 0));
    }

    [Fact]
    public void A_call_that_has_ended_is_found_no_more_and_its_place_is_free()
    {
        using var held = parts.Gate.EnterScope();
        var call = parts.NewCall("ada");
        flights.Add(Key("ada", null), call);
        flights.Remove(call);
        flights.Remove(call);

        Assert.Equal(0, flights.Count);
        Assert.Null(flights.Find(Key("ada", null), notBefore: 0));
        flights.Add(Key("ada", null), parts.NewCall("ada"));
        Assert.Equal(1, flights.Count);
    }

    [Fact]
    public void Once_somebody_wanted_a_younger_answer_nobody_joins_the_older_call()
    {
        using var held = parts.Gate.EnterScope();
        var old = parts.NewCall("ada");
        flights.Add(Key("ada", null), old);

        Assert.Same(old, flights.Find(Key("ada", null), old.SubmittedAt));
        Assert.Null(flights.Find(Key("ada", null), old.SubmittedAt + 1));
        Assert.Null(flights.Find(Key("ada", null), notBefore: 0));

        // The end of the older call leaves the younger one, which took its place, as it is.
        var young = parts.NewCall("ada");
        flights.Add(Key("ada", null), young);
        flights.Remove(old);
        Assert.Same(young, flights.Find(Key("ada", null), notBefore: 0));
    }

    private static FlightKey<LookupUsersCall> Key(string userId, string? principal) => FlightKey<LookupUsersCall>.Of(new() { UserId = userId }, principal);
}
