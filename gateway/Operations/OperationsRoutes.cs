using System.Text.Json;
using Microservices.Gateway.Events;
using Microservices.Gateway.OpenApi;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Auth;
using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>What operators see of the suite, over HTTP.</summary>
internal static class OperationsRoutes
{
    private const string EventStream = "text/event-stream";

    public static void AddOperations(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ReplicaChannels>();
        builder.Services.AddSingleton<SuiteReplicas>();
        builder.AddSuiteWatch((replica, time) => new WatchedProcess(replica, time));
        builder.AddSuiteWatch((replica, time) => new WatchedStreams(replica, time));
        builder.Services.AddSingleton<SuiteStreams>();
        builder.Services.AddSingleton<LatestEvents>();
        builder.Services.AddSingleton<SuiteTopics>();
        builder.Services.AddSingleton<TopicEventStreams>();
    }

    public static void MapOperations(this WebApplication app) =>
        app.MapGet("/v1/operations/events", ServeAsync)
            .StandsFor(OperationsService.Descriptor, "WatchProcess")
            .Describe("watchOperations", "Operations", "Follow how the suite is doing", """
                Server-sent events, for as long as the connection lives: `operations`, once a second, has every service with its replicas, its rates, its latency, its streams and what is wrong. Each is the whole of
                it, so there is nothing to resume, and a reader that is slow gets fewer. `ready` comes first. `end` is the last event, and says why, as in `watchUserEvents`. Nothing is measured while nobody looks.
                """)
            .AnswersText(EventStream, "The events, until `end`.", Examples.OperationsText)
            .Fails();

    private static void AddSuiteWatch<T>(this WebApplicationBuilder builder, Func<SuiteReplica, TimeProvider, T> watch)
        where T : WatchedReplica =>
        builder.Services.AddSingleton(services => new SuiteWatch<T>(
            services.GetRequiredService<SuiteReplicas>(), replica => watch(replica, services.GetRequiredService<TimeProvider>()), services.GetRequiredService<TimeProvider>()));

    private static async Task ServeAsync(HttpContext http, LatestEvents events, SuiteWatch<WatchedProcess> suite, TimeProvider time)
    {
        if (HeadRequests.IsHead(http))
        {
            await SseResponse.BeginAsync(http);
            return;
        }

        using var watch = suite.Begin();
        await events.ServeAsync(http, writer =>
            writer.Event("operations", null, json => JsonSerializer.Serialize(json, suite.Replicas.ToStatus(time.GetUtcNow()), GatewayJson.Default.SuiteStatus)));
    }
}
