using System.Text.Json.Serialization;
using Microservices.Gateway.Bff;
using Microservices.Gateway.Errors;
using Microservices.Gateway.Operations;

namespace Microservices.Gateway.Rest;

/// <summary>
/// How the gateway reads and writes JSON: generated code for every type, camelCase, no member twice, none written
/// as null. Requests refuse members that are not known.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(CreateUser))]
[JsonSerializable(typeof(UpdateUser))]
[JsonSerializable(typeof(PlaceOrder))]
[JsonSerializable(typeof(CancelOrder))]
[JsonSerializable(typeof(AdvanceOrder))]
[JsonSerializable(typeof(User))]
[JsonSerializable(typeof(UserPage))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(OrderPage))]
[JsonSerializable(typeof(NotificationPage))]
[JsonSerializable(typeof(NotificationList))]
[JsonSerializable(typeof(MarkRead))]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(BatchGetOverviews))]
[JsonSerializable(typeof(OverviewBatch))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(OrderEvent))]
[JsonSerializable(typeof(NotificationEvent))]
[JsonSerializable(typeof(StreamReset))]
[JsonSerializable(typeof(StreamEnd))]
[JsonSerializable(typeof(StreamReady))]
[JsonSerializable(typeof(SessionUser))]
[JsonSerializable(typeof(SessionList))]
[JsonSerializable(typeof(SuiteStatus))]
[JsonSerializable(typeof(StreamStatus))]
[JsonSerializable(typeof(StreamsState))]
[JsonSerializable(typeof(TopicPage))]
[JsonSerializable(typeof(ShownEvent))]
[JsonSerializable(typeof(TopicPosition))]
[JsonSerializable(typeof(CreateWebhookEndpoint))]
[JsonSerializable(typeof(UpdateWebhookEndpoint))]
[JsonSerializable(typeof(RotateWebhookSecret))]
[JsonSerializable(typeof(ReplayWebhooks))]
[JsonSerializable(typeof(ConfirmWebhooks))]
[JsonSerializable(typeof(WebhookEndpoint))]
[JsonSerializable(typeof(WebhookEndpointList))]
[JsonSerializable(typeof(WebhookEndpointWithSecret))]
[JsonSerializable(typeof(WebhookDelivery))]
[JsonSerializable(typeof(WebhookDeliveryPage))]
[JsonSerializable(typeof(WebhookDeliveryDetails))]
[JsonSerializable(typeof(WebhookDeliveryEvent))]
[JsonSerializable(typeof(ReplayedWebhooks))]
[JsonSerializable(typeof(ConfirmedWebhooks))]
[JsonSerializable(typeof(CreateWebhookSource))]
[JsonSerializable(typeof(RotateWebhookSourceSecret))]
[JsonSerializable(typeof(WebhookSource))]
[JsonSerializable(typeof(WebhookSourceList))]
[JsonSerializable(typeof(WebhookSourceWithSecret))]
[JsonSerializable(typeof(ReceivedWebhook))]
[JsonSerializable(typeof(ReceivedWebhookPage))]
[JsonSerializable(typeof(EnqueueJob))]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(JobPage))]
[JsonSerializable(typeof(JobResult))]
[JsonSerializable(typeof(JobEvent))]
[JsonSerializable(typeof(CreateSchedule))]
[JsonSerializable(typeof(UpdateSchedule))]
[JsonSerializable(typeof(Schedule))]
[JsonSerializable(typeof(ScheduleList))]
[JsonSerializable(typeof(StartFlow))]
[JsonSerializable(typeof(SignalFlow))]
[JsonSerializable(typeof(DecideFlow))]
[JsonSerializable(typeof(RerunFlow))]
[JsonSerializable(typeof(Flow))]
[JsonSerializable(typeof(FlowPage))]
[JsonSerializable(typeof(FlowDetails))]
[JsonSerializable(typeof(FlowEvent))]
internal sealed partial class GatewayJson : JsonSerializerContext;
