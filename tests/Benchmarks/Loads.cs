using Microservices.Tests.Benchmarks.Article;
using Microservices.Tests.Benchmarks.Orders;
using Microservices.Tests.Benchmarks.Resilience;
using Microservices.Tests.Benchmarks.Scale;
using Microservices.Tests.Benchmarks.Streams;
using Microservices.Tests.Benchmarks.Webhooks;

namespace Microservices.Tests.Benchmarks;

/// <summary>The load generators by name, each run in a process of its own.</summary>
internal static class Loads
{
    public static readonly IReadOnlyDictionary<string, Func<LoadChannel, CancellationToken, Task>> All = new Dictionary<string, Func<LoadChannel, CancellationToken, Task>>
    {
        ["article"] = ArticleLoad.RunAsync,
        ["http"] = HttpLoad.RunAsync,
        ["insert"] = InsertLoad.RunAsync,
        ["lookup"] = LookupLoad.RunAsync,
        ["orders"] = OrdersLoad.RunAsync,
        ["post"] = PostLoad.RunAsync,
        ["receive"] = ReceiveLoad.RunAsync,
        ["streams"] = StreamLoad.RunAsync,
        ["watch"] = WatchLoad.RunAsync,
    };
}
