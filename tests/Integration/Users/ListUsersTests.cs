using Grpc.Core;
using Microservices.Hosting;
using Microservices.Users.V1;
using UsersService = Microservices.Users.V1.UsersService;

namespace Microservices.Tests.Integration.Users;

public abstract class ListUsersTests(Backends backends)
{
    // Null where the backends are not to be had, and then every test is skipped.
    private readonly UsersService.UsersServiceClient users = backends.Users;

    [SkippableFact]
    public async Task Pages_together_are_the_list_in_order_and_without_repeats()
    {
        var mine = new HashSet<string>();
        for (var i = 0; i < 7; i++)
            mine.Add((await backends.NewUserAsync()).UserId);

        var listed = new List<string>();
        var token = "";
        do
        {
            var page = await users.ListUsersAsync(new ListUsersRequest { PageSize = 3, PageToken = token });
            listed.AddRange(page.Users.Select(user => user.UserId));
            Assert.True(page.Users.Count == 3 || page.NextPageToken.Length == 0);
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.Equal(listed.Distinct().Order(StringComparer.Ordinal), listed);
        Assert.Superset(mine, listed.ToHashSet());
    }

    [SkippableTheory]
    [InlineData("made-up")]
    [InlineData("AAAAAAAAAAAAAAAA")]
    [InlineData("%%%")]
    [InlineData("")]
    public async Task A_page_token_that_was_made_up_is_refused(string token)
    {
        var request = new ListUsersRequest { PageToken = token, PageSize = token.Length == 0 ? -1 : 1 };
        var error = await Errors.FailsAsync(StatusCode.InvalidArgument, users.ListUsersAsync(request));

        Assert.Equal([token.Length == 0 ? "page_size" : "page_token"], error.Fields());
    }

    [SkippableFact]
    public async Task A_page_token_that_was_made_up_or_written_otherwise_is_refused_whatever_is_in_it()
    {
        string[] positions = ["", " ", "no id", "a\0b", "no/id", "-a", "\uD83D\uDE00", new string('a', 65)];
        var good = PageToken.Encode("users", "ada");
        await users.ListUsersAsync(new ListUsersRequest { PageToken = good });
        foreach (var token in positions.Select(position => PageToken.Encode("users", position)).Concat([good + "=", good + " ", " " + good, good.Insert(3, "\n")]))
            Assert.Equal(["page_token"], (await Errors.FailsAsync(StatusCode.InvalidArgument, users.ListUsersAsync(new ListUsersRequest { PageToken = token }))).Fields());
    }
}

public sealed class ListUsersOnSqliteTests(Backends backends) : ListUsersTests(backends), IClassFixture<Backends>;
