using Microservices.Hosting;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Persistence;
using Microservices.Topics;
using V1 = Microservices.Sample.V1;

var builder = ServiceDefaults.CreateBuilder(args, V1.SampleService.Descriptor);
builder.AddPersistence<SampleDbContext, SqliteSampleDbContext, PostgresSampleDbContext>();
builder.AddTopics<SampleDbContext>(WidgetEvents.Topics);

builder.Services.AddSingleton<SetWidget>();
builder.AddWarmUp<Rehearsal<SampleDbContext>>((rehearsal, stop) => rehearsal.RunAsync<SetWidget>(set => set.HandleAsync(SetWidget.Rehearsed(), Rights.OfProcess, stop)));
builder.Services.AddSingleton(services => new LookupGate(LookupWidgets.MaxWidgets, services.GetRequiredService<TimeProvider>()));
builder.Services.AddCallStreamServer<V1.LookupWidgetsCall, V1.LookupWidgetsResult, LookupWidgets>(V1.SampleService.LookupWidgets);
builder.Services.AddEventStreamServer<V1.WatchWidgetsRequest, WatchWidgets>(V1.SampleService.WatchWidgets);

var app = builder.Build();

app.MapServiceDefaults();
app.MapGrpcService<SampleService>();

if (!await app.MigrateAndExitAsync())
    await app.RunUntilStoppedAsync();
