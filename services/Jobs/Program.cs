using Microservices.Hosting;
using Microservices.Jobs;
using Microservices.Persistence;
using Microservices.Topics;
using V1 = Microservices.Jobs.V1;

if (WorkerProgram.IsAskedFor(args))
    return WorkerProgram.Run(args);

var builder = ServiceDefaults.CreateBuilder(args, V1.JobsService.Descriptor);
builder.AddPersistence<JobsDbContext, SqliteJobsDbContext, PostgresJobsDbContext>();
builder.AddTopics<JobsDbContext>(JobEvents.Topics, FlowChanges.Topics);
builder.AddWorker();
builder.AddQueue();
builder.AddSchedules();
builder.AddFlows();

var app = builder.Build();

app.MapServiceDefaults();
app.MapGrpcService<JobsService>();
app.MapGrpcService<SchedulesService>();
app.MapGrpcService<FlowsService>();

if (!await app.MigrateAndExitAsync())
    await app.RunUntilStoppedAsync();
return 0;
