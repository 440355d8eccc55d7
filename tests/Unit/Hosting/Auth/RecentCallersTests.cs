using Microservices.Hosting.Auth;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting.Auth;

public sealed class RecentCallersTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);

    [Fact]
    public void Who_sent_a_header_is_found_by_the_whole_of_it()
    {
        var (recent, ada) = (new RecentCallers(time), Ada());
        // The same signature does not make it the same token.
        var header = $"Bearer ada.{new string('s', 86)}";
        recent.Add(header, ada);

        Assert.Same(ada, recent.Find(string.Concat(header)));
        Assert.Null(recent.Find($"Bearer bob.{new string('s', 86)}"));
        Assert.Null(recent.Find(header.ToUpperInvariant()));
        Assert.Null(recent.Find(header[1..]));
        Assert.Null(recent.Find(""));
    }

    [Fact]
    public void A_caller_whose_token_has_expired_is_not_found()
    {
        var recent = new RecentCallers(time);
        recent.Add("Bearer ada", Ada());
        time.Advance(TimeSpan.FromMinutes(5));

        Assert.Null(recent.Find("Bearer ada"));
    }

    [Fact]
    public void Headers_longer_than_those_of_the_authority_are_not_kept_and_however_many_come_one_is_found()
    {
        var (recent, ada) = (new RecentCallers(time), Ada());
        recent.Add(new string('a', 1025), ada);
        Assert.Null(recent.Find(new string('a', 1025)));

        for (var i = 0; i < 10_000; i++)
        {
            recent.Add($"Bearer {i}", ada);
            Assert.Same(ada, recent.Find($"Bearer {i}"));
        }

        Assert.InRange(Enumerable.Range(0, 10_000).Count(i => recent.Find($"Bearer {i}") is not null), 1, 1024);
    }

    private Principal Ada() => new() { Subject = "ada", IsWorkload = false, Roles = [], Scopes = [], Expires = time.GetUtcNow() + TimeSpan.FromMinutes(5) };
}
