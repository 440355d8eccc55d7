using Microservices.Hosting;
using Microservices.Notifications;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Topics;
using V1 = Microservices.Notifications.V1;

var builder = ServiceDefaults.CreateBuilder(args, V1.NotificationsService.Descriptor);
builder.AddPersistence<NotificationsDbContext, SqliteNotificationsDbContext, PostgresNotificationsDbContext>();
builder.AddTopics<NotificationsDbContext>(NotificationEvents.Topics);
builder.Services.AddValidatedOptions<NotificationsOptions, NotificationsOptionsValidator>("Notifications");

builder.Services.AddEventStreamClient(OrdersService.WatchOrders, "Backends:Orders");
builder.AddPartitionConsumer<NotificationsDbContext, OrderEvent, WriteInbox>("orders");
builder.Services.AddSingleton<ReadInbox>();
builder.Services.AddSingleton<MarkRead>();
builder.Services.AddHostedService<InboxCleaner>();
builder.Services.AddEventStreamServer<V1.WatchNotificationsRequest, WatchNotifications>(V1.NotificationsService.WatchNotifications);

var app = builder.Build();

app.MapServiceDefaults();
app.MapGrpcService<NotificationsService>();

if (!await app.MigrateAndExitAsync())
    await app.RunUntilStoppedAsync();
