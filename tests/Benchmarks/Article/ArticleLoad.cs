using System.Diagnostics;
using Grpc.Core;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Benchmarks.Article;

/// <summary>Which users to look up, and how.</summary>
internal sealed record ArticleRequest(string Address, bool ByStream, string[] UserIds, bool Concurrent);

/// <summary>How long it took: all of them when concurrent, else after each.</summary>
internal sealed record ArticleResult(double[] Seconds, int Failed);

/// <summary>I/O operations in .NET, over a call stream or by unary calls. Python/article.py does the same.</summary>
internal static class ArticleLoad
{
    public static async Task RunAsync(LoadChannel channel, CancellationToken cancellationToken)
    {
        if (await channel.ReadAsync<ArticleRequest>(cancellationToken) is not { } first)
            return;
        await using var lookups = new Lookups([first.Address]);
        using var unary = Tokens.Channel(first.Address, LoadToken.Value);
        var client = new UsersService.UsersServiceClient(unary);
        for (var request = first; request is not null; request = await channel.ReadAsync<ArticleRequest>(cancellationToken))
            await channel.WriteAsync(await MeasureAsync(request, request.ByStream ? LookupAsync : GetAsync), cancellationToken);

        async Task LookupAsync(string userId) => await lookups.GetAsync(userId, cancellationToken);

        async Task GetAsync(string userId) =>
            await client.GetUserAsync(new GetUserRequest { UserId = userId }, deadline: DateTime.UtcNow.AddSeconds(60), cancellationToken: cancellationToken);
    }

    private static async Task<ArticleResult> MeasureAsync(ArticleRequest request, Func<string, Task> operation)
    {
        var failed = 0;
        var seconds = new List<double>();
        var started = Stopwatch.GetTimestamp();
        if (request.Concurrent)
        {
            await Task.WhenAll(request.UserIds.Select(CountAsync));
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        else
        {
            foreach (var userId in request.UserIds)
            {
                await CountAsync(userId);
                seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            }
        }

        return new([.. seconds], failed);

        async Task CountAsync(string userId)
        {
            try
            {
                await operation(userId);
            }
            catch (RpcException)
            {
                Interlocked.Increment(ref failed);
            }
        }
    }
}
