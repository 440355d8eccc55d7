using Microservices.Tests.Benchmarks.BareStream;
using StackExchange.Redis;

// WatchOrders the short way. What is published while a client is away, or slow, is not its concern: it is the limit, not a peer.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Configuration["Kestrel:Endpoints:Grpc:Protocols"] = "Http2";
builder.Services.AddGrpc();
builder.Services.AddSingleton(await ConnectionMultiplexer.ConnectAsync(builder.Configuration.GetConnectionString("Redis")!));
builder.Services.AddSingleton<Topics>();

var app = builder.Build();
await app.Services.GetRequiredService<Topics>().ListenAsync();
app.MapGet("/health/ready", () => "ready");
app.MapGrpcService<BareOrdersService>();
app.Run();
