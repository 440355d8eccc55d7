using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Users;
using Microservices.Users.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>A command that is rehearsed is carried out in full, and leaves nothing.</summary>
public sealed class RehearsalTests(Backends backends) : IClassFixture<Backends>
{
    [Fact]
    public async Task A_command_that_is_rehearsed_is_answered_as_if_it_were_done_and_nobody_ever_sees_it()
    {
        var request = CreateUser.Rehearsed();
        CreateUserResponse? answer = null;

        await backends.UsersHost.Services.GetRequiredService<Rehearsal<UsersDbContext>>()
            .RunAsync<CreateUser>(async create => answer = await create.HandleAsync(request, Rights.OfProcess, default));

        Assert.Equal(request.UserId, answer!.User.UserId);
        await Errors.FailsAsync(StatusCode.NotFound, backends.Users.GetUserAsync(new GetUserRequest { UserId = request.UserId }));
        Assert.Equal(0, await CountAsync<UsersDbContext>(backends.UsersHost.Services));
        Assert.False((await backends.Users.CreateUserAsync(request)).Replayed);
    }

    [Fact]
    public async Task What_a_process_has_rehearsed_before_it_was_ready_is_not_there() =>
        Assert.Equal(0, await CountAsync<OrdersDbContext>(backends.OrdersHost.Services));

    // Rows, counters of topics and keys of commands.
    private static Task<int> CountAsync<TContext>(IServiceProvider services)
        where TContext : ServiceDbContext =>
        services.GetRequiredService<Database<TContext>>().ReadAsync(
            async context => await context.OutboxEvents.CountAsync() + await context.OutboxTopics.CountAsync() + await context.IdempotencyRecords.CountAsync(), default);
}
