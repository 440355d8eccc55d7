using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs.V1;
using Microservices.Tests.Integration.Webhooks;
using Microservices.Webhooks.V1;

namespace Microservices.Tests.Integration.Auth;

/// <summary>One of everything that a user may own and a route may be about: made when it is first asked for, and again once a route has deleted it.</summary>
internal sealed class OwnedThings(AuthHosts hosts, string owner)
{
    private readonly Dictionary<string, string> ids = [];

    /// <summary>The ids, by the name of the parameter that has it in paths.</summary>
    public async Task<IReadOnlyDictionary<string, string>> MakeAsync()
    {
        if (!ids.ContainsKey("orderId"))
            ids["orderId"] = (await hosts.Orders.PlaceOrderAsync(Backends.AnOrder(owner))).Order.OrderId;
        if (!ids.ContainsKey("endpointId"))
        {
            ids["endpointId"] = (await hosts.Webhooks.Client.CreateEndpointAsync(new() { OwnerId = owner, Url = "https://hooks.example.com/" })).Endpoint.EndpointId;
            ids["deliveryId"] = (await hosts.Webhooks.Client.PingEndpointAsync(new() { EndpointId = ids["endpointId"] })).Delivery.DeliveryId;
        }

        if (!ids.ContainsKey("sourceId"))
        {
            var created = await hosts.Webhooks.Sources.CreateSourceAsync(new() { OwnerId = owner, Kind = SourceKind.Github });
            ids["sourceId"] = created.Source.SourceId;
            var headers = new Sender(SourceKind.Github, created.Secret).Sign([1], "1");
            ids["receivedId"] = (await hosts.Webhooks.Sources.ReceiveAsync(new() { SourceId = ids["sourceId"], Headers = { headers }, Body = ByteString.CopyFrom(1) })).ReceivedId;
        }

        if (!ids.ContainsKey("jobId"))
            ids["jobId"] = (await hosts.Jobs.Client.EnqueueJobAsync(new() { OwnerId = owner, Kind = "hash", DueTime = DateTime.UtcNow.AddHours(1).ToTimestamp() })).Job.JobId;
        if (!ids.ContainsKey("scheduleId"))
            ids["scheduleId"] = (await hosts.Jobs.Schedules.CreateScheduleAsync(new() { OwnerId = owner, Cron = "0 0 1 1 *", Kind = "hash" })).Schedule.ScheduleId;
        if (!ids.ContainsKey("flowId"))
            ids["flowId"] = (await hosts.Jobs.Flows.StartFlowAsync(new() { OwnerId = owner, Kind = "archive-csv", Input = new ArchiveCsvInput { Csv = "a\n1\n" }.ToByteString() })).Flow.FlowId;
        return ids;
    }

    /// <summary>A route has answered: what it has deleted is not there, and of what it has made an owner may have few.</summary>
    public async Task AnsweredAsync(GatewayRoute route, HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode)
            return;
        foreach (var (list, id, delete) in ((string List, string Id, Func<string, Task> Delete)[])
            [
                (GatewayRoute.Endpoints, "endpointId", async made => await hosts.Webhooks.Client.DeleteEndpointAsync(new() { EndpointId = made })),
                (GatewayRoute.Sources, "sourceId", async made => await hosts.Webhooks.Sources.DeleteSourceAsync(new() { SourceId = made })),
                (GatewayRoute.Schedules, "scheduleId", async made => await hosts.Jobs.Schedules.DeleteScheduleAsync(new() { ScheduleId = made })),
            ])
        {
            if (route.Method == "DELETE" && route.Path.StartsWith(list, StringComparison.Ordinal))
                ids.Remove(id);
            if (answer.Headers.Location?.OriginalString is { } made && made.StartsWith(list, StringComparison.Ordinal))
                await delete(made[(made.LastIndexOf('/') + 1)..]);
        }
    }
}
