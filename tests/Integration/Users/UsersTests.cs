using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Hosting;
using Microservices.Users.V1;
using User = Microservices.Users.V1.User;
using UsersService = Microservices.Users.V1.UsersService;

namespace Microservices.Tests.Integration.Users;

public abstract class UsersTests(Backends backends)
{
    // Null where the backends are not to be had, and then every test is skipped.
    private readonly UsersService.UsersServiceClient users = backends.Users;

    private static string NewEmail() => $"{Guid.NewGuid():N}@example.com";

    [SkippableFact]
    public async Task A_user_that_was_created_is_found()
    {
        var created = (await users.CreateUserAsync(new CreateUserRequest { DisplayName = "Ada", Email = NewEmail() })).User;

        Assert.Equal(created, (await users.GetUserAsync(new GetUserRequest { UserId = created.UserId })).User);
        Assert.Equal(7, Guid.Parse(created.UserId).Version);
        Assert.Equal(1, created.Version);
    }

    [SkippableFact]
    public async Task An_email_is_unique_whatever_its_case()
    {
        var email = NewEmail();
        await users.CreateUserAsync(new CreateUserRequest { DisplayName = "Ada", Email = email });

        var error = await Errors.FailsAsync(StatusCode.AlreadyExists, users.CreateUserAsync(new CreateUserRequest { DisplayName = "Bob", Email = email.ToUpperInvariant() }));

        Assert.Equal(["email"], error.Fields());
    }

    [SkippableTheory]
    [InlineData("ren\u00e9{0}@example.com", "rene\u0301{0}@example.com")]
    [InlineData("\u00e5{0}@example.com", "\u00c5{0}@EXAMPLE.com.")]
    [InlineData("ada@b\u00fccher{0}.de", "ada@b\u00dccher{0}.de")]
    [InlineData("ada{0}@b\u00fccher.de", "ada{0}@xn--bcher-kva.de")]
    [InlineData("ada{0}@example.com", "\uff41\uff44\uff41{0}@example.com")]
    public async Task An_email_is_unique_however_it_is_written_and_kept_as_written(string one, string other)
    {
        var id = Guid.NewGuid().ToString("N")[..12];
        (one, other) = (one.Replace("{0}", id, StringComparison.Ordinal), other.Replace("{0}", id, StringComparison.Ordinal));
        var user = (await users.CreateUserAsync(new CreateUserRequest { DisplayName = "Ada", Email = one })).User;
        Assert.Equal(one, user.Email);

        var error = await Errors.FailsAsync(StatusCode.AlreadyExists, users.CreateUserAsync(new CreateUserRequest { DisplayName = "Bob", Email = other }));
        Assert.Equal(["email"], error.Fields());

        var bob = await backends.NewUserAsync();
        bob.Email = other;
        error = await Errors.FailsAsync(StatusCode.AlreadyExists, users.UpdateUserAsync(new UpdateUserRequest { User = bob, UpdateMask = new FieldMask { Paths = { "email" } } }));
        Assert.Equal(["email"], error.Fields());

        // The same user may write it in the other way.
        user.Email = other;
        user = (await users.UpdateUserAsync(new UpdateUserRequest { User = user, UpdateMask = new FieldMask { Paths = { "email" } } })).User;
        Assert.Equal(other, user.Email);
    }

    [SkippableFact]
    public async Task The_longest_name_is_counted_in_characters_and_kept()
    {
        var name = string.Concat(Enumerable.Repeat("e\u0301", 200));

        var user = (await users.CreateUserAsync(new CreateUserRequest { DisplayName = name, Email = NewEmail() })).User;

        Assert.Equal(name, (await users.GetUserAsync(new GetUserRequest { UserId = user.UserId })).User.DisplayName);
    }

    [SkippableTheory]
    [InlineData("\u200b")]
    [InlineData("Ada\u202e")]
    [InlineData("\u3164")]
    public async Task A_name_that_cannot_be_seen_is_refused(string name)
    {
        var error = await Errors.FailsAsync(StatusCode.InvalidArgument, users.CreateUserAsync(new CreateUserRequest { DisplayName = name, Email = NewEmail() }));

        Assert.Equal(["display_name"], error.Fields());
    }

    [SkippableFact]
    public async Task Of_many_who_want_the_same_email_at_once_one_gets_it()
    {
        var email = NewEmail();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                await users.CreateUserAsync(new CreateUserRequest { DisplayName = $"Ada {i}", Email = email });
                return StatusCode.OK;
            }
            catch (RpcException exception)
            {
                return exception.StatusCode;
            }
        }));

        Assert.Single(outcomes, StatusCode.OK);
        Assert.Equal(19, outcomes.Count(code => code == StatusCode.AlreadyExists));
    }

    [SkippableFact]
    public async Task The_same_key_and_request_get_the_same_answer_also_at_once()
    {
        var request = new CreateUserRequest { DisplayName = "Ada", Email = NewEmail(), IdempotencyKey = Guid.NewGuid().ToString() };
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => await users.CreateUserAsync(request)));

        Assert.Single(answers.Select(answer => answer.User.UserId).Distinct());
        Assert.Single(answers, answer => !answer.Replayed);

        request.DisplayName = "Not Ada";
        var error = await Errors.FailsAsync(StatusCode.Aborted, users.CreateUserAsync(request));
        Assert.Equal("IDEMPOTENCY_KEY_REUSED", error.Reason());
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

    [SkippableFact]
    public async Task Every_bad_field_is_named()
    {
        var error = await Errors.FailsAsync(StatusCode.InvalidArgument, users.CreateUserAsync(new CreateUserRequest
        {
            UserId = "no/slash",
            DisplayName = "bell\a",
            Email = "Ada <ada@example.com>",
            IdempotencyKey = "white space",
        }));

        Assert.Equal(["user_id", "display_name", "email", "idempotency_key"], error.Fields());
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("ada")]
    [InlineData("ada@")]
    [InlineData("@example.com")]
    [InlineData("ada@example.com\r\nBcc: all@example.com")]
    [InlineData(" ada@example.com")]
    public async Task What_is_no_email_is_refused(string email)
    {
        var error = await Errors.FailsAsync(StatusCode.InvalidArgument, users.CreateUserAsync(new CreateUserRequest { DisplayName = "Ada", Email = email }));

        Assert.Equal(["email"], error.Fields());
    }

    [SkippableFact]
    public async Task An_update_changes_what_its_mask_names_and_nothing_else()
    {
        var user = await backends.NewUserAsync();
        var changed = new User(user) { DisplayName = "Countess", Email = "ignored" };

        var updated = (await users.UpdateUserAsync(new UpdateUserRequest { User = changed, UpdateMask = new FieldMask { Paths = { "display_name" } } })).User;

        Assert.Equal("Countess", updated.DisplayName);
        Assert.Equal(user.Email, updated.Email);
        Assert.Equal(2, updated.Version);
    }

    [SkippableFact]
    public async Task An_update_based_on_an_old_version_is_refused()
    {
        var user = await backends.NewUserAsync();
        var update = new UpdateUserRequest { User = user, UpdateMask = new FieldMask { Paths = { "display_name" } } };
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            try
            {
                await users.UpdateUserAsync(update);
                return StatusCode.OK;
            }
            catch (RpcException exception)
            {
                return exception.StatusCode;
            }
        }));

        Assert.Single(outcomes, StatusCode.OK);
        Assert.Equal(9, outcomes.Count(code => code == StatusCode.Aborted));
        Assert.Equal(2, (await users.GetUserAsync(new GetUserRequest { UserId = user.UserId })).User.Version);
    }

    [SkippableFact]
    public async Task An_update_without_version_or_mask_names_both()
    {
        var error = await Errors.FailsAsync(StatusCode.InvalidArgument, users.UpdateUserAsync(new UpdateUserRequest { User = new User { UserId = "ada" } }));

        Assert.Equal(["user.version", "update_mask"], error.Fields());
    }

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
    public async Task Lookups_are_answered_each_on_its_own()
    {
        var user = await backends.NewUserAsync();

        var results = await LookupAsync(
            new LookupUsersCall { CallId = 1, UserId = user.UserId }, new LookupUsersCall { CallId = 2, UserId = "nobody" }, new LookupUsersCall { CallId = 3, UserId = "no/slash" });

        Assert.Equal(user, results[1].User);
        Assert.Equal((int)StatusCode.NotFound, results[2].Error.Code);
        Assert.Equal((int)StatusCode.InvalidArgument, results[3].Error.Code);
        Assert.Equal(["user_id"], results[3].Error.Fields());
        Assert.All(results.Values, result => Assert.Equal(0UL, result.Etag));
    }

    [SkippableFact]
    public async Task A_user_is_unchanged_until_changed_and_then_is_as_now()
    {
        var user = await backends.NewUserAsync();
        var first = (await LookupAsync(new LookupUsersCall { UserId = user.UserId, KnownEtag = 0 }))[0];
        Assert.Equal(user, first.User);

        var results = await LookupAsync(
            new LookupUsersCall { CallId = 1, UserId = user.UserId, KnownEtag = first.Etag },
            new LookupUsersCall { CallId = 2, UserId = user.UserId, KnownEtag = first.Etag + 1 },
            new LookupUsersCall { CallId = 3, UserId = "nobody", KnownEtag = first.Etag },
            new LookupUsersCall { CallId = 4, UserId = "no/slash", KnownEtag = first.Etag });
        Assert.True(results[1].Unchanged);
        Assert.Equal(user, results[2].User);
        Assert.Equal((int)StatusCode.NotFound, results[3].Error.Code);
        Assert.Equal((int)StatusCode.InvalidArgument, results[4].Error.Code);

        user.DisplayName = "Augusta Ada King";
        var changed = (await users.UpdateUserAsync(new UpdateUserRequest { User = user, UpdateMask = new() { Paths = { "display_name" } } })).User;
        var now = (await LookupAsync(new LookupUsersCall { UserId = user.UserId, KnownEtag = first.Etag }))[0];
        Assert.Equal(changed, now.User);
        Assert.NotEqual(first.Etag, now.Etag);
    }

    private async Task<Dictionary<ulong, LookupUsersResult>> LookupAsync(params LookupUsersCall[] calls)
    {
        using var stream = users.LookupUsers();
        await stream.RequestStream.WriteAsync(new LookupUsersRequest { Calls = { calls } });

        var results = new Dictionary<ulong, LookupUsersResult>();
        while (results.Count < calls.Length && await stream.ResponseStream.MoveNext(default))
        {
            foreach (var result in stream.ResponseStream.Current.Results)
                results.Add(result.CallId, result);
        }

        await stream.RequestStream.CompleteAsync();
        while (await stream.ResponseStream.MoveNext(default))
            Assert.Empty(stream.ResponseStream.Current.Results);
        return results;
    }
}

public sealed class UsersOnSqliteTests(Backends backends) : UsersTests(backends), IClassFixture<Backends>;
