using Microservices.Hosting;
using Microservices.Identity;
using Microservices.Persistence;
using Microservices.Users.V1;
using V1 = Microservices.Identity.V1;

var builder = ServiceDefaults.CreateBuilder(args, V1.IdentityService.Descriptor);
builder.AddPersistence<IdentityDbContext, SqliteIdentityDbContext, PostgresIdentityDbContext>();
builder.AddBackend<UsersService.UsersServiceClient>("Users");
builder.AddAuthority();
builder.AddAccounts();
builder.AddPages();

var app = builder.Build();

app.UseRouting();
app.MapServiceDefaults();
app.UseForwardedFor();
app.UsePages();
app.MapGrpcService<IdentityService>();
app.MapTokenEndpoint();
app.MapPages();

if (!await app.MigrateAndExitAsync() && !await app.MakeOperatorAndExitAsync())
    await app.RunUntilStoppedAsync();
