using Google.Protobuf;
using Grpc.Net.Client;
using Microservices.Gateway.V1;
using Microservices.Hosting;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Users.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

internal static class OverviewRegistration
{
    private const string LookupSection = "LookupOverviews";
    private const int Credit = 256;

    public static void AddOverviews(this WebApplicationBuilder builder)
    {
        builder.AddSource(UsersService.LookupUsers, "Users");
        builder.AddSource(OrdersService.LookupOrders, "Orders");
        builder.Services.AddSingleton<IOverviewSources, CallStreamOverviewSources>();
        builder.Services.AddSingleton<ResponseCache<User>>();
        builder.Services.AddSingleton<ResponseCache<LatestOrders>>();
        builder.AddMetrics<OverviewMetrics>();
        builder.AddChanges<User>("Users", channel =>
        {
            var users = new UsersService.UsersServiceClient(channel);
            return async (cursor, options) => (await users.ListChangedUsersAsync(new() { Cursor = cursor }, options)).Changes;
        });
        builder.AddChanges<LatestOrders>("Orders", channel =>
        {
            var orders = new OrdersService.OrdersServiceClient(channel);
            return async (cursor, options) => (await orders.ListChangedUsersAsync(new() { Cursor = cursor }, options)).Changes;
        });
        builder.Services.AddSingleton<OverviewAggregator>();

        builder.Services.AddOptions<CallStreamServerOptions>(LookupSection).Configure<IOptions<DrainOptions>>((calls, drain) =>
        {
            calls.Credit = Credit;
            calls.MaxBatch = 1;
            calls.MaxConcurrentBatches = Credit;
            calls.DrainTimeout = drain.Value.Window;
        });
        builder.Services.AddCallStreamServer<LookupOverviewsCall, LookupOverviewsResult, LookupOverviews>(GatewayService.LookupOverviews, LookupSection);
    }

    // Past the bulkhead: a gateway that is kept from hearing of changes would ask for more, not less.
    private static void AddChanges<T>(this WebApplicationBuilder builder, string backend, Func<GrpcChannel, ReadChanges> connect)
    {
        builder.Services.AddSingleton<InvalidationClock<T>>();
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<ChangeFollower<T>>(services, backend, connect(services.GetRequiredKeyedService<GrpcChannel>(backend))));
    }

    private static void AddSource<TCall, TResult>(this WebApplicationBuilder builder, CallStreamMethod<TCall, TResult> method, string backend)
        where TCall : class, ICall, IMessage<TCall>
        where TResult : class, ICallResult, new()
    {
        builder.Services.AddCallStreamClient(method, $"Backends:{backend}", options => options.AdaptiveConcurrency = true);
    }
}
