using Microservices.EventLog;
using Microservices.Hosting;
using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Users.V1;
using V1 = Microservices.Orders.V1;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults(V1.OrdersService.Descriptor);
builder.AddPersistence<OrdersDbContext, SqliteOrdersDbContext, PostgresOrdersDbContext>();
builder.AddEventLog();
builder.AddOutbox<OrdersDbContext, OrderOutbox>();
builder.Services.AddEventHistory<OrderHistory>(OrderEvents.TopicPrefix);
builder.AddValidatedOptions<PlaceOrdersOptions>("PlaceOrders");

builder.Services.AddCallStreamClient(UsersService.LookupUsersCalls, "Backends:Users");
builder.Services.AddSingleton<UserDirectory>();
builder.Services.AddSingleton<PlaceOrder>();
builder.Services.AddSingleton<PlaceOrdersStream>();
builder.Services.AddSingleton<ChangeOrder>();
builder.Services.AddSingleton<ReadOrders>();

var app = builder.Build();

app.MapServiceDefaults();
app.MapGrpcService<OrdersService>();

app.Run();
