using Grpc.Core;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;

namespace Microservices.Orders;

/// <summary>
/// How many orders lookups read at a time: of one query, and of all in the process. Streams that want more take turns. A singleton; thread-safe.
/// </summary>
internal sealed class LookupGate(TimeProvider time)
{
    /// <summary>How much of the answers of one batch may be unwritten before more is read, in bytes.</summary>
    public const long MaxUnwrittenBytes = 1 << 20;

    private const int MaxOrdersOfQuery = 500;
    private const int MaxOrders = 1_000;
    private const int MaxWaiting = 1_000;
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);
    private readonly FairGate gate = new(MaxOrders, MaxWaiting, time);

    /// <summary>Users and the limits of their lookups, the lowest limits first, as many together as one query is to read.</summary>
    public static IEnumerable<Dictionary<string, int>> Split(Dictionary<string, int> users)
    {
        if (users.Values.Sum() <= MaxOrdersOfQuery)
            return users.Count == 0 ? [] : [users];
        var (parts, part, cost) = (new List<Dictionary<string, int>>(), new Dictionary<string, int>(), 0);
        foreach (var (user, limit) in users.OrderBy(user => user.Value))
        {
            if (cost + limit > MaxOrdersOfQuery)
            {
                parts.Add(part);
                (part, cost) = ([], 0);
            }

            part.Add(user, limit);
            cost += limit;
        }

        parts.Add(part);
        return parts;
    }

    /// <summary>Returns when so many orders may be read for a stream.</summary>
    /// <exception cref="StatusException">RESOURCE_EXHAUSTED with RetryInfo: too much waits, or for too long.</exception>
    public async ValueTask EnterAsync(ServerCallContext stream, int orders, CancellationToken cancellationToken)
    {
        if (!await gate.EnterAsync(stream, orders, MaxWait, cancellationToken))
            throw new StatusException(Overload.Status);
    }

    /// <summary>They are read.</summary>
    public void Exit(int orders) => gate.Exit(orders);
}
