using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Backends that count the calls that reach them, and fail each.</summary>
internal sealed class CountedCalls
{
    private int count;

    public CountedCalls(GatewayFixture gateway)
    {
        gateway.Users.OnGet = (_, _) => Fail<GetUserResponse>();
        gateway.Users.OnCreate = (_, _) => Fail<CreateUserResponse>();
        gateway.Users.OnUpdate = (_, _) => Fail<UpdateUserResponse>();
        gateway.Users.OnList = (_, _) => Fail<ListUsersResponse>();
        gateway.Orders.OnList = (_, _) => Fail<ListOrdersResponse>();
        gateway.Orders.OnPlace = (_, _) => Fail<PlaceOrderResponse>();
        gateway.Orders.OnCancel = (_, _) => Fail<CancelOrderResponse>();
        gateway.Orders.OnAdvance = (_, _) => Fail<AdvanceOrderResponse>();
    }

    public int Count => Volatile.Read(ref count);

    private Task<T> Fail<T>()
    {
        Interlocked.Increment(ref count);
        throw new RpcException(new Status(StatusCode.Internal, "reached"));
    }
}
