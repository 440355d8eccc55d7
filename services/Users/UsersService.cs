using Grpc.Core;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Streaming.Calls;
using Microservices.Streaming.Events;
using Microservices.Topics;
using Microservices.Users.V1;

namespace Microservices.Users;

/// <summary>The gRPC surface of Users.</summary>
internal sealed class UsersService(
    CreateUser create, UpdateUser update, ReadUsers read, ChangedKeys<UsersDbContext> changed, CallStreamServer<LookupUsersCall, LookupUsersResult> lookups,
    EventStreamServer<WatchUsersRequest> watch, Drain drain)
    : V1.UsersService.UsersServiceBase
{
    public override Task<CreateUserResponse> CreateUser(CreateUserRequest request, ServerCallContext context) =>
        create.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<UpdateUserResponse> UpdateUser(UpdateUserRequest request, ServerCallContext context) =>
        update.HandleAsync(request, context.CancellationToken);

    public override async Task<GetUserResponse> GetUser(GetUserRequest request, ServerCallContext context) =>
        new() { User = await read.GetAsync(request.UserId, context.CancellationToken) };

    public override Task<ListUsersResponse> ListUsers(ListUsersRequest request, ServerCallContext context) =>
        read.ListAsync(request, context.CancellationToken);

    public override async Task<ListChangedUsersResponse> ListChangedUsers(ListChangedUsersRequest request, ServerCallContext context) =>
        new() { Changes = await changed.ReadAsync(request.Cursor, context.CancellationToken) };

    public override Task LookupUsers(
        IAsyncStreamReader<LookupUsersRequest> requestStream, IServerStreamWriter<LookupUsersResponse> responseStream, ServerCallContext context) =>
        lookups.ServeAsync(requestStream, responseStream, context, drain.Token);

    public override Task WatchUsers(
        IAsyncStreamReader<WatchUsersRequest> requestStream, IServerStreamWriter<WatchUsersResponse> responseStream, ServerCallContext context) =>
        watch.ServeAsync(requestStream, context, drain.Window, drain.Token);
}
