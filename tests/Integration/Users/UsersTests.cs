using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
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
}

public sealed class UsersOnSqliteTests(Backends backends) : UsersTests(backends), IClassFixture<Backends>;
