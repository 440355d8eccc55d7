using Grpc.Core;
using Microservices.Users.V1;

namespace Microservices.Users;

/// <summary>The gRPC surface of Users.</summary>
internal sealed class UsersService(CreateUser create, UpdateUser update, ReadUsers read) : V1.UsersService.UsersServiceBase
{
    public override Task<CreateUserResponse> CreateUser(CreateUserRequest request, ServerCallContext context) =>
        create.HandleAsync(request, context.CancellationToken);

    public override Task<UpdateUserResponse> UpdateUser(UpdateUserRequest request, ServerCallContext context) =>
        update.HandleAsync(request, context.CancellationToken);

    public override async Task<GetUserResponse> GetUser(GetUserRequest request, ServerCallContext context) =>
        new() { User = await read.GetAsync(request.UserId, context.CancellationToken) };

    public override Task<ListUsersResponse> ListUsers(ListUsersRequest request, ServerCallContext context) =>
        read.ListAsync(request, context.CancellationToken);

    public override async Task LookupUsers(
        IAsyncStreamReader<LookupUsersRequest> requestStream, IServerStreamWriter<LookupUsersResponse> responseStream, ServerCallContext context)
    {
        await foreach (var frame in requestStream.ReadAllAsync(context.CancellationToken))
        {
            var found = await read.FindAsync([.. frame.Calls.Select(call => call.UserId).Distinct()], context.CancellationToken);
            var response = new LookupUsersResponse();
            foreach (var call in frame.Calls)
            {
                var result = new LookupUsersResult { CallId = call.CallId };
                if (found.TryGetValue(call.UserId, out var user))
                    result.User = user;
                else
                    result.Error = UserErrors.NotFound(call.UserId);
                response.Results.Add(result);
            }

            await responseStream.WriteAsync(response, context.CancellationToken);
        }
    }
}
