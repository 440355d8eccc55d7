namespace Microservices.Tests.Benchmarks.Resilience;

/// <summary>Look users up over call streams to these replicas, at a rate.</summary>
internal sealed record LookupLoadRequest(string[] Addresses, double HedgeBudget, string[] UserIds, double PerSecond, double Seconds);

/// <summary>How that went, and how many second copies were sent for how many calls.</summary>
internal sealed record LookupLoadResult(OpenLoopResult Calls, long Sent, long Hedges, long HedgesWon);

/// <summary>Lookups in an open loop, by the client that the services use.</summary>
internal static class LookupLoad
{
    public static async Task RunAsync(LoadChannel channel, CancellationToken cancellationToken)
    {
        Lookups? lookups = null;
        await channel.ServeAsync<LookupLoadRequest, LookupLoadResult>(
            async (request, cancel) =>
            {
                lookups ??= new Lookups(request.Addresses, options => options.HedgeBudget = request.HedgeBudget);
                var (calls, hedges, won) = Counters();
                var result = await OpenLoop.RunAsync(
                    request.PerSecond,
                    TimeSpan.FromSeconds(request.Seconds),
                    async (i, over) => await lookups.GetAsync(request.UserIds[i % request.UserIds.Length], over) is null ? Outcome.Failed : Outcome.Good,
                    cancel);
                var after = Counters();
                return new(result, after.Calls - calls, after.Hedges - hedges, after.Won - won);
            },
            cancellationToken);
        if (lookups is not null)
            await lookups.DisposeAsync();

        (long Calls, long Hedges, long Won) Counters() => (lookups["callstream.client.calls"], lookups["callstream.client.hedges"], lookups["callstream.client.hedges.won"]);
    }
}
