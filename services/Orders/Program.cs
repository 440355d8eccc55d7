using Microservices.Hosting;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Topics;
using Microservices.Users.V1;
using V1 = Microservices.Orders.V1;

var builder = ServiceDefaults.CreateBuilder(args, V1.OrdersService.Descriptor);
builder.AddPersistence<OrdersDbContext, SqliteOrdersDbContext, PostgresOrdersDbContext>();
builder.AddTopics<OrdersDbContext>(OrderEvents.Topics);
builder.AddChangedKeys<OrdersDbContext>(OrderEvents.Topics, OrderErrors.Domain, payload => V1.OrderEvent.Parser.ParseFrom(payload).Order.UserId);
builder.Services.AddValidatedOptions<PlaceOrdersOptions, PlaceOrdersOptionsValidator>("PlaceOrders");

builder.Services.AddCallStreamClient(UsersService.LookupUsers, "Backends:Users");
builder.Services.AddSingleton<IUserDirectory, UserDirectory>();
builder.Services.AddSingleton<PlaceOrder>();
builder.Services.AddSingleton<PlaceOrdersStream>();
builder.Services.AddSingleton<ChangeOrder>();
builder.Services.AddSingleton<ReadOrders>();
builder.Services.AddSingleton<LatestOrders>();
builder.Services.AddSingleton(services => new LookupGate(LookupParts.MaxOrders, services.GetRequiredService<TimeProvider>()));
builder.AddWarmUp<LatestOrders>((orders, stop) => orders.FindAsync(["nobody"], 1, stop));
builder.AddWarmUp<IUserDirectory>((users, stop) => users.ExistingAsync(["nobody"], stop));
builder.AddWarmUp<Rehearsal<OrdersDbContext>>((rehearsal, stop) => rehearsal.RunAsync<PlaceOrder>(place => place.HandleAsync([RehearsedOrder.New()], Rights.OfProcess, stop), new RehearsedOrder()));
builder.Services.AddCallStreamServer<V1.LookupOrdersCall, V1.LookupOrdersResult, LookupOrders>(V1.OrdersService.LookupOrders);
builder.Services.AddEventStreamServer<V1.WatchOrdersRequest, WatchOrders>(V1.OrdersService.WatchOrders);

var app = builder.Build();
app.MapServiceDefaults();
app.MapGrpcService<OrdersService>();

if (!await app.MigrateAndExitAsync())
    await app.RunUntilStoppedAsync();
