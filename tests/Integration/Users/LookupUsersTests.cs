using Grpc.Core;
using Microservices.Users.V1;
using UsersService = Microservices.Users.V1.UsersService;

namespace Microservices.Tests.Integration.Users;

public abstract class LookupUsersTests(Backends backends)
{
    // Null where the backends are not to be had, and then every test is skipped.
    private readonly UsersService.UsersServiceClient users = backends.Users;

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

public sealed class LookupUsersOnSqliteTests(Backends backends) : LookupUsersTests(backends), IClassFixture<Backends>;
