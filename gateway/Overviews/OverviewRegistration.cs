using Google.Protobuf;
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
        builder.AddSource(UsersService.LookupUsersCalls, "Users");
        builder.AddSource(OrdersService.LookupOrdersCalls, "Orders");
        builder.Services.AddSingleton<IOverviewSources, CallStreamOverviewSources>();
        builder.Services.AddSingleton<KnownAnswers<User>>();
        builder.Services.AddSingleton<KnownAnswers<IReadOnlyList<Order>>>();
        builder.Services.AddSingleton<OverviewAggregator>();

        builder.Services.AddOptions<CallStreamServerOptions>(LookupSection).Configure<IOptions<DrainOptions>>((calls, drain) =>
        {
            calls.Credit = Credit;
            calls.MaxBatch = 1;
            calls.MaxConcurrentBatches = Credit;
            calls.DrainTimeout = drain.Value.Window;
        });
        builder.Services.AddCallStreamServer<LookupOverviewsCall, LookupOverviewsResult, LookupOverviews>(GatewayService.LookupOverviewsCalls, LookupSection);
    }

    private static void AddSource<TRequestFrame, TCall, TResponseFrame, TResult>(
        this WebApplicationBuilder builder, CallStreamMethod<TRequestFrame, TCall, TResponseFrame, TResult> method, string backend)
        where TRequestFrame : class, ICallFrame<TCall>, new()
        where TCall : class, ICall, IMessage<TCall>
        where TResponseFrame : class, ICallResultFrame<TResult>, new()
        where TResult : class, ICallResult, new()
    {
        builder.Services.AddCallStreamClient(method, $"Backends:{backend}", options => options.AdaptiveConcurrency = true);
        builder.Services.AddSingleton<BackendCheck<TCall, TResult>>();
        builder.Services.AddHealthChecks().AddCheck<BackendCheck<TCall, TResult>>(backend.ToLowerInvariant());
    }
}
