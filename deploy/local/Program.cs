using Microservices.Local;

return await LaunchCommand.InvokeAsync(args, static async options =>
{
    var plan = Plan.For(options);
    await Checks.RunAsync(plan);
    plan.Keys.MakeMissing(Catalog.Services);
    if (options.Tls)
        plan.Certificates.MakeMissing(Catalog.Services);
    Origin.Write(plan.Data, plan.Origin);

    using var redis = options.Redis is null ? EmbeddedRedis.Start(Catalog.RedisPort) : null;
    await Suite.RunAsync(AppHost.Build(plan));
});
