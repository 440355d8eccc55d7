namespace Microservices.Orders;

/// <summary>Lookups that are too many orders for one query, in several.</summary>
internal static class LookupParts
{
    /// <summary>How many orders a process reads for lookups at a time.</summary>
    public const int MaxOrders = 1_000;

    /// <summary>How much of the answers of one batch may be unwritten before more is read, in bytes.</summary>
    public const long MaxUnwrittenBytes = 1 << 20;

    private const int MaxOrdersOfQuery = 500;

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
}
