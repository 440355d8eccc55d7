using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Auth;

/// <summary>Alone: a test measures the memory of the process.</summary>
[CollectionDefinition(nameof(ManyPrincipalsTests), DisableParallelization = true)]
public sealed class ManyPrincipalsAlone;

/// <summary>The client library calls for many people over one stream; and one who means ill harms nobody else.</summary>
[Collection(nameof(ManyPrincipalsTests))]
public sealed class ManyPrincipalsTests(AuthHosts hosts) : IClassFixture<AuthHosts>
{
    [Fact]
    public async Task More_people_than_a_stream_keeps_are_all_answered_as_themselves_again_and_again()
    {
        const int People = CallPrincipals.MaxKept + 500;
        await using var services = Client(out var users);
        (string Id, string Token)[] people = [.. Enumerable.Range(0, People).Select(i => ($"nobody-{i}", Tokens.Authority.Person($"nobody-{i}")))];

        for (var round = 0; round < 2; round++)
        {
            foreach (var some in people.Chunk(500))
                Assert.All(await Task.WhenAll(some.Select(one => OutcomeAsync(users, one.Id, one.Token))), outcome => Assert.Equal("NotFound", outcome));
        }

        Assert.Equal("PermissionDenied", await OutcomeAsync(users, people[0].Id, people[1].Token));
    }

    [Fact]
    public async Task The_same_question_of_two_people_at_the_same_time_is_two_and_each_gets_its_own_answer()
    {
        await using var services = Client(out var users);
        var ada = (await hosts.NewUserAsync()).UserId;
        var (own, other) = (Tokens.Authority.Person(ada), Tokens.Authority.Person("bob"));
        for (var i = 0; i < 50; i++)
        {
            Task<string>[] asked = [];
            users.Together(() => asked = [OutcomeAsync(users, ada, own), OutcomeAsync(users, ada, other), OutcomeAsync(users, ada, null), OutcomeAsync(users, ada, own)]);
            Assert.Equal([ada, "PermissionDenied", ada, ada], await Task.WhenAll(asked));
        }
    }

    [Fact]
    public async Task What_cannot_be_a_token_is_refused_before_it_is_sent()
    {
        await using var services = Client(out var users);
        foreach (var token in (string[])["", "té", new string('x', 2 << 20)])
            Assert.Equal("Unauthenticated", await OutcomeAsync(users, "ada", token));
    }

    [Fact]
    public async Task A_million_tokens_that_are_none_cost_a_good_caller_nothing()
    {
        const int Garbage = 1_000_000;
        await using var services = Client(out var users);
        var ada = (await hosts.NewUserAsync()).UserId;
        var token = Tokens.Authority.Person(ada);
        Assert.Equal(ada, await OutcomeAsync(users, ada, token));
        using var channel = Tokens.Channel(hosts.UsersHost.Grpc, Tokens.Authority.Workload("gateway"));
        using var bad = new UsersService.UsersServiceClient(channel).LookupUsers();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var (flood, refused) = (FloodAsync(), RefusedAsync());
        var good = 0;
        while (!flood.IsCompleted)
        {
            Assert.Equal(ada, await OutcomeAsync(users, ada, token));
            good++;
        }

        await flood;
        Assert.Equal(Garbage / CallPrincipals.MaxPerFrame, await refused.WaitAsync(Eventually.Timeout));
        Assert.InRange(good, 1, int.MaxValue);
        // All of them would take 300 MiB.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 128 << 20);

        // With each frame as many as it may bind, and a call with one of them.
        async Task FloodAsync()
        {
            for (uint number = 1; number < Garbage - CallPrincipals.MaxPerFrame; number += CallPrincipals.MaxPerFrame)
            {
                var frame = new LookupUsersRequest { Calls = { new LookupUsersCall { CallId = number, PrincipalId = number, UserId = ada } } };
                for (var i = number; i < number + CallPrincipals.MaxPerFrame; i++)
                    frame.Bind.Add(new CallPrincipal { PrincipalId = i, Token = $"eyJhbGciOiJFUzI1NiJ9.garbage.{i}" });
                await bad.RequestStream.WriteAsync(frame);
            }

            await bad.RequestStream.WriteAsync(new LookupUsersRequest { Calls = { new LookupUsersCall { CallId = Garbage, PrincipalId = Garbage, UserId = ada } } });
        }

        async Task<int> RefusedAsync()
        {
            var count = 0;
            while ((await bad.NextAsync()).Results is var results)
            {
                count += results.Count(result => result.Error.Code == (int)StatusCode.Unauthenticated);
                if (results.Any(result => result.CallId == Garbage))
                    break;
            }

            return count;
        }
    }

    /// <summary>A client as the gateway has it.</summary>
    private ServiceProvider Client(out CallStreamClient<LookupUsersCall, LookupUsersResult> client)
    {
        var services = new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Users:Addresses:0", (string?)hosts.UsersHost.Grpc)]).Build())
            .AddCallStreamClient(UsersService.LookupUsers, "Users", options =>
            {
                options.Token = _ => new(Tokens.Authority.Workload("gateway"));
                options.DefaultTimeout = TimeSpan.FromMinutes(1);
            })
            .BuildServiceProvider();
        client = services.GetRequiredService<CallStreamClient<LookupUsersCall, LookupUsersResult>>();
        return services;
    }

    /// <summary>The id of the user that was found, or the code of the error.</summary>
    private static async Task<string> OutcomeAsync(CallStreamClient<LookupUsersCall, LookupUsersResult> users, string userId, string? token)
    {
        try
        {
            return (await users.CallAsync(new LookupUsersCall { UserId = userId }, new CallSettings { Token = token })).User.UserId;
        }
        catch (RpcException exception)
        {
            return $"{exception.StatusCode}";
        }
    }
}
