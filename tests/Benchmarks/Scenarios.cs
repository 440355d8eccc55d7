using Microservices.Tests.Benchmarks.Article;
using Microservices.Tests.Benchmarks.Auth;
using Microservices.Tests.Benchmarks.Orders;
using Microservices.Tests.Benchmarks.Overview;
using Microservices.Tests.Benchmarks.Resilience;
using Microservices.Tests.Benchmarks.Scale;
using Microservices.Tests.Benchmarks.Slowest;
using Microservices.Tests.Benchmarks.Streams;
using Microservices.Tests.Benchmarks.Webhooks;

namespace Microservices.Tests.Benchmarks;

/// <summary>What can be measured.</summary>
internal static class Scenarios
{
    /// <summary>Each by its name, in the order that <c>all</c> runs them.</summary>
    public static readonly (string Name, string Description, Func<Plan, CancellationToken, Task> Run)[] Each =
    [
        ("article", "100, 500 and 1,000 I/O operations of 46 ms: call stream, unary calls, asyncio with grpc.aio.", ArticleScenario.RunAsync),
        ("overview", "GET /v1/users/{id}/overview: the gateway as shipped, unary fan-out by hand, FastAPI, and the same answer from memory.", OverviewScenario.RunAsync),
        ("slowest", "An overview when Users takes 2 s and Orders 3 s: 3 s, not 5.", SlowestScenario.RunAsync),
        ("orders", "Durable orders a second: command streams, unary calls, and INSERTs of the same rows, on SQLite and PostgreSQL.", OrdersScenario.RunAsync),
        ("fanout", "One topic, 200, 1,000 and 5,000 subscribers on two replicas: event streams, SignalR, bare gRPC streams.", FanOutScenario.RunAsync),
        ("topics", "10,000 topics, 10 subscriptions a stream: event streams, SignalR's groups.", TopicsScenario.RunAsync),
        ("idle", "Memory and processor time of 10,000 idle streams, and of 100,000 subscriptions on 1,000: event streams, SignalR, bare gRPC streams.", IdleScenario.RunAsync),
        ("recover", "A replica is killed under 1,000 subscribers and 1,000 events/s: event streams, SignalR with automatic reconnect.", RecoverScenario.RunAsync),
        ("hedge", "Lookups of which 1 % or 100 % are slow by 100 ms, with hedging and without.", HedgeScenario.RunAsync),
        ("overload", "Three times as many requests as a backend can bear, with the adaptive limit and without.", OverloadScenario.RunAsync),
        ("deliveries", "Webhooks a second, and HttpClient posting the same; 99 endpoints beside one that never answers.", DeliveriesScenario.RunAsync),
        ("auth", "What a token with every call costs: a request, a call stream, and the memory of tokens that were checked.", AuthScenario.RunAsync),
        ("scale", "Ten and a hundred times as many users, topics, subscribers; ten times as many replicas.", ScaleScenario.RunAsync),
    ];
}
