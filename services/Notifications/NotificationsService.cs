using Grpc.Core;
using Microservices.Hosting;
using Microservices.Notifications.V1;
using Microservices.Streaming.Events;

namespace Microservices.Notifications;

/// <summary>The gRPC surface of Notifications.</summary>
internal sealed class NotificationsService(ReadInbox read, MarkRead mark, EventStreamServer<WatchNotificationsRequest> watch, Drain drain)
    : V1.NotificationsService.NotificationsServiceBase
{
    public override Task<ListNotificationsResponse> ListNotifications(ListNotificationsRequest request, ServerCallContext context) =>
        read.ListAsync(request, context.CancellationToken);

    public override Task<MarkReadResponse> MarkRead(MarkReadRequest request, ServerCallContext context) =>
        mark.HandleAsync(request, context.CancellationToken);

    public override Task WatchNotifications(
        IAsyncStreamReader<WatchNotificationsRequest> requestStream, IServerStreamWriter<WatchNotificationsResponse> responseStream, ServerCallContext context) =>
        watch.ServeAsync(requestStream, context, drain.Window, drain.Token);
}
