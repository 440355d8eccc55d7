using Grpc.AspNetCore.Server;
using Microservices.Gateway.Operations;
using Microservices.Hosting;

namespace Microservices.Gateway.Rest;

internal static class RestRegistration
{
    public static void AddRest(this WebApplicationBuilder builder)
    {
        // Its route for unknown gRPC services has two segments, as ours have: it would turn their 405 and 415 into 404.
        builder.Services.Configure<GrpcServiceOptions>(options => options.IgnoreUnknownServices = true);

        // What a body is, JsonBody says. Routes are not chosen by it: where a route that takes none is beside others, `x:ping` and `x:replay`,
        // a request to one of the others that states no type would find none of them.
        builder.Services.Remove(builder.Services.Single(service => service.ServiceType == typeof(MatcherPolicy) && service.ImplementationType?.Name == "AcceptsMatcherPolicy"));

        builder.Services.AddTransient<IStartupFilter, HeadRequests>();
        builder.AddRequestLimits();
        builder.Services.AddSingleton<RequestBodies>();
        RejectedRequests.AddTo(builder);
        builder.AddCrossOrigin();
        builder.AddOperations();
        builder.AddWarmUp<OwnPorts>(RefusedRequest.SendAsync);

        // The API description sees the types as they are read and written.
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, GatewayJson.Default);
            options.SerializerOptions.NumberHandling = GatewayJson.Default.Options.NumberHandling;
            options.SerializerOptions.DefaultIgnoreCondition = GatewayJson.Default.Options.DefaultIgnoreCondition;
        });
    }

    /// <summary>What there is at REST: a file for each kind of resource.</summary>
    public static void MapRest(this WebApplication app)
    {
        app.MapUsers();
        app.MapOrders();
        app.MapNotifications();
        app.MapWebhooks();
        app.MapWebhookSources();
        app.MapReceive();
        app.MapJobs();
        app.MapSchedules();
        app.MapFlows();
        app.MapOverviews();
        app.MapOperations();
        app.MapStreams();
        app.MapTopics();
    }
}
