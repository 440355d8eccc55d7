using Microservices.EventLog;
using Microservices.Hosting;
using Microservices.Persistence;
using Microservices.Users;
using V1 = Microservices.Users.V1;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults(V1.UsersService.Descriptor);
builder.AddPersistence<UsersDbContext, SqliteUsersDbContext, PostgresUsersDbContext>();
builder.AddEventLog();
builder.AddOutbox<UsersDbContext, UserOutbox>();
builder.Services.AddEventHistory<UserHistory>(UserEvents.TopicPrefix);

builder.Services.AddSingleton<CreateUser>();
builder.Services.AddSingleton<ReadUsers>();
builder.Services.AddSingleton<UpdateUser>();
builder.Services.AddCallStreamServer<V1.LookupUsersCall, V1.LookupUsersResult, LookupUsers>(V1.UsersService.LookupUsersCalls);

var app = builder.Build();

app.MapServiceDefaults();
app.MapGrpcService<UsersService>();

app.Run();
