using Microservices.Hosting;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Persistence;
using Microservices.Topics;
using Microservices.Users;
using V1 = Microservices.Users.V1;

var builder = ServiceDefaults.CreateBuilder(args, V1.UsersService.Descriptor);
builder.AddPersistence<UsersDbContext, SqliteUsersDbContext, PostgresUsersDbContext>();
builder.AddTopics<UsersDbContext>(UserEvents.Topics);
builder.AddChangedKeys<UsersDbContext>(UserEvents.Topics, UserErrors.Domain, payload => V1.UserEvent.Parser.ParseFrom(payload).User.UserId);

builder.Services.AddSingleton<CreateUser>();
builder.Services.AddSingleton<ReadUsers>();
builder.AddWarmUp<ReadUsers>((users, stop) => users.FindAsync(["nobody"], stop));
builder.AddWarmUp<Rehearsal<UsersDbContext>>((rehearsal, stop) => rehearsal.RunAsync<CreateUser>(create => create.HandleAsync(CreateUser.Rehearsed(), Rights.OfProcess, stop)));
builder.Services.AddSingleton<UpdateUser>();
builder.Services.AddSingleton(services => new LookupGate(LookupUsers.MaxUsers, services.GetRequiredService<TimeProvider>()));
builder.Services.AddCallStreamServer<V1.LookupUsersCall, V1.LookupUsersResult, LookupUsers>(V1.UsersService.LookupUsers);
builder.Services.AddEventStreamServer<V1.WatchUsersRequest, WatchUsers>(V1.UsersService.WatchUsers);

var app = builder.Build();

app.MapServiceDefaults();
app.MapGrpcService<UsersService>();

if (!await app.MigrateAndExitAsync())
    await app.RunUntilStoppedAsync();
