using Microservices.Gateway;
using Microservices.Gateway.Errors;
using Microservices.Gateway.OpenApi;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.Rest;
using Microservices.Gateway.V1;
using Microservices.Hosting;
using Microservices.Orders.V1;
using Microservices.Users.V1;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults(GatewayService.Descriptor);
builder.AddValidatedOptions<GatewayOptions>("Gateway");
builder.AddBackend<UsersService.UsersServiceClient>("Users");
builder.AddBackend<OrdersService.OrdersServiceClient>("Orders");
builder.AddOverviews();
builder.AddRest();
builder.AddApiDescription();

var app = builder.Build();
app.MapServiceDefaults();
app.UseProblems();
app.MapGrpcService<GatewayGrpcService>();
app.MapUsers();
app.MapOrders();
app.MapOverview();
app.MapProblemTypes();
app.MapApiDescription();
app.Run();
