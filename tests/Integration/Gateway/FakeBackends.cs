using System.Net;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A Users whose answers a test writes.</summary>
internal sealed class FakeUsers : UsersService.UsersServiceBase
{
    public Func<GetUserRequest, ServerCallContext, Task<GetUserResponse>> OnGet { get; set; } = null!;

    public Func<CreateUserRequest, ServerCallContext, Task<CreateUserResponse>> OnCreate { get; set; } = null!;

    public Func<UpdateUserRequest, ServerCallContext, Task<UpdateUserResponse>> OnUpdate { get; set; } = null!;

    public Func<ListUsersRequest, ServerCallContext, Task<ListUsersResponse>> OnList { get; set; } = null!;

    public override Task<GetUserResponse> GetUser(GetUserRequest request, ServerCallContext context) => OnGet(request, context);

    public override Task<CreateUserResponse> CreateUser(CreateUserRequest request, ServerCallContext context) => OnCreate(request, context);

    public override Task<UpdateUserResponse> UpdateUser(UpdateUserRequest request, ServerCallContext context) => OnUpdate(request, context);

    public override Task<ListUsersResponse> ListUsers(ListUsersRequest request, ServerCallContext context) => OnList(request, context);
}

/// <summary>An Orders whose answers a test writes.</summary>
internal sealed class FakeOrders : OrdersService.OrdersServiceBase
{
    public Func<ListOrdersRequest, ServerCallContext, Task<ListOrdersResponse>> OnList { get; set; } = null!;

    public Func<PlaceOrderRequest, ServerCallContext, Task<PlaceOrderResponse>> OnPlace { get; set; } = null!;

    public Func<CancelOrderRequest, ServerCallContext, Task<CancelOrderResponse>> OnCancel { get; set; } = null!;

    public Func<AdvanceOrderRequest, ServerCallContext, Task<AdvanceOrderResponse>> OnAdvance { get; set; } = null!;

    public override Task<ListOrdersResponse> ListOrders(ListOrdersRequest request, ServerCallContext context) => OnList(request, context);

    public override Task<PlaceOrderResponse> PlaceOrder(PlaceOrderRequest request, ServerCallContext context) => OnPlace(request, context);

    public override Task<CancelOrderResponse> CancelOrder(CancelOrderRequest request, ServerCallContext context) => OnCancel(request, context);

    public override Task<AdvanceOrderResponse> AdvanceOrder(AdvanceOrderRequest request, ServerCallContext context) => OnAdvance(request, context);
}

/// <summary>A gRPC server of one service on a free port.</summary>
internal sealed class Backend(WebApplication app) : IAsyncDisposable
{
    public string Address => app.Urls.Single();

    public static async Task<Backend> StartAsync<TService>(TService service)
        where TService : class
    {
        var builder = WebApplication.CreateSlimBuilder();
        // The settings of the program under test lie beside the tests.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(service);
        var app = builder.Build();
        app.MapGrpcService<TService>();
        await app.StartAsync();
        return new Backend(app);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
