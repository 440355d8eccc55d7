using System.Globalization;
using System.Numerics;
using System.Text;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace Microservices.Orders;

/// <summary>
/// The latest orders of many users in one query, which on SQLite and PostgreSQL alike costs what it returns, however many orders a user
/// has: for each user the index (UserId, PlaceTime, OrderId) is read from its end, as far as the limit. Thread-safe.
/// </summary>
internal sealed class LatestOrders(Database<OrdersDbContext> database)
{
    // A stranger: no id is empty.
    private const string Nobody = "";

    /// <summary>By user, newest first, as many as fit <see cref="PageReading.MaxPageBytes"/>, and at least one; a user who has none is absent.</summary>
    public async Task<Dictionary<string, FoundOrders>> FindAsync(IReadOnlyCollection<string> userIds, int limit, CancellationToken cancellationToken)
    {
        // Padded, so that there is a query for each power of two to be translated and planned, not one for each number of users.
        var padded = (int)BitOperations.RoundUpToPowerOf2((uint)userIds.Count);
        object[] parameters = [.. userIds, .. Enumerable.Repeat(Nobody, padded - userIds.Count), limit];
        var orders = await database.ReadAsync(
            context => context.Orders.FromSqlRaw(Query(context, padded), parameters).ToListAsync(cancellationToken), cancellationToken);

        // Orders of the same microsecond as the last within the limit come along: they are cut off here.
        return orders.GroupBy(order => order.UserId).ToDictionary(user => user.Key, user => Fitting(user
            .OrderByDescending(order => order.PlaceTime).ThenByDescending(order => order.OrderId, StringComparer.Ordinal)
            .Take(limit)));
    }

    private static FoundOrders Fitting(IEnumerable<Order> orders)
    {
        var (fitting, bytes) = (new List<V1.Order>(), 0L);
        foreach (var order in orders)
        {
            var message = order.ToMessage();
            bytes += message.CalculateSize() + 6;
            if (fitting.Count > 0 && bytes > PageReading.MaxPageBytes)
                return new(fitting, bytes, Truncated: true);
            fitting.Add(message);
        }

        return new(fitting, bytes, Truncated: false);
    }

    /// <summary>Not a window function: that would number all the orders of a user to find the latest few.</summary>
    internal static string Query(OrdersDbContext context, int users)
    {
        var orders = context.GetService<ISqlGenerationHelper>().DelimitIdentifier("Orders", context.Model.GetDefaultSchema());
        var values = new StringBuilder();
        for (var i = 0; i < users; i++)
            values.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ", ")}({{{i}}})");
        return $$"""
            WITH asked(id) AS (VALUES {{values}})
            SELECT o.* FROM asked CROSS JOIN {{orders}} AS o
            WHERE o."UserId" = asked.id AND o."PlaceTime" >= (
                SELECT MIN(latest."PlaceTime") FROM (
                    SELECT i."PlaceTime" FROM {{orders}} AS i WHERE i."UserId" = asked.id
                    ORDER BY i."PlaceTime" DESC, i."OrderId" DESC LIMIT {{{users}}}) AS latest)
            """;
    }
}

/// <summary>The latest orders of a user.</summary>
/// <param name="Orders">Newest first.</param>
/// <param name="Bytes">About how large they are.</param>
/// <param name="Truncated">There are more within the limit, which do not fit.</param>
internal sealed record FoundOrders(List<V1.Order> Orders, long Bytes, bool Truncated);
