using Microservices.Local;

return await LaunchCommand.InvokeAsync(args, static async options =>
{
    var plan = Plan.For(options);
    await Checks.RunAsync(plan);
    plan.Keys.MakeMissing(Catalog.Services);

    using var redis = options.Redis is null ? EmbeddedRedis.Start(Catalog.RedisPort) : null;
    await Suite.RunAsync(AppHost.Build(plan));
});
