using Microservices.Egress;
using Microservices.Hosting;
using Microservices.Persistence;
using Microservices.Sealing;
using Microservices.Topics;
using Microservices.Webhooks;
using V1 = Microservices.Webhooks.V1;

var builder = ServiceDefaults.CreateBuilder(args, V1.WebhooksService.Descriptor);
builder.AddPersistence<WebhooksDbContext, SqliteWebhooksDbContext, PostgresWebhooksDbContext>();
builder.AddTopics<WebhooksDbContext>(DeliveryEvents.Topics, ReceivedEvents.Topics);
builder.AddSealing<WebhooksDbContext>("Webhooks");
builder.AddEgress();
builder.AddEndpoints();
builder.AddDeliveries();
builder.AddFeeds();
builder.AddSources();

var app = builder.Build();

app.MapServiceDefaults();
app.MapGrpcService<WebhooksService>();
app.MapGrpcService<SourcesService>();

if (!await app.MigrateAndExitAsync())
    await app.RunUntilStoppedAsync();
