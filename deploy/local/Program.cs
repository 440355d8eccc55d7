using Microservices.Local;

return await LaunchCommand.InvokeAsync(args, static async options =>
{
    var plan = Plan.For(options);
    var terminal = new Terminal(plan.Names);
    using var stop = new StopRequest(options.StopWithParent);

    await Checks.RunAsync(plan);
    using var redis = options.Redis is null ? EmbeddedRedis.Start(Catalog.RedisPort) : null;
    await using var suite = Suite.Start(plan, terminal);

    if (await suite.UntilReadyAsync(options.ReadyTimeout, stop.Token))
        Welcome.Print(suite, plan, terminal);
    await suite.UntilOverAsync(stop.Token);
});
