using Microservices.Tests.Benchmarks;

// What a SignalR application would be that tells clients of events: nothing else around it.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddSignalR().AddMessagePackProtocol().AddStackExchangeRedis(builder.Configuration.GetConnectionString("Redis")!);

var app = builder.Build();
app.MapGet("/health/ready", () => "ready");
app.MapHub<TopicHub>("/topics");
app.Run();
