using Microservices.Egress;
using Microservices.Hosting;
using Microservices.Persistence;
using Microservices.Sealing;
using Microservices.Topics;
using Microservices.Webhooks;
using V1 = Microservices.Webhooks.V1;

var builder = ServiceDefaults.CreateBuilder(args, V1.WebhooksService.Descriptor);
builder.AddPersistence<WebhooksDbContext, SqliteWebhooksDbContext, PostgresWebhooksDbContext>();
builder.AddTopics<WebhooksDbContext>(DeliveryEvents.Topics);
builder.AddSealing<WebhooksDbContext>("Webhooks");
builder.AddEgress();
builder.AddEndpoints();
builder.AddDeliveries();
builder.AddFeeds();

var app = builder.Build();

app.MapServiceDefaults();
app.MapGrpcService<WebhooksService>();

if (!await app.MigrateAndExitAsync())
    await app.RunUntilStoppedAsync();
