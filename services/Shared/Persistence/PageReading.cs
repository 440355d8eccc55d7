using Google.Protobuf;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>A page of a list.</summary>
/// <param name="Items">What is in it; at least one, unless there is nothing left.</param>
/// <param name="Last">The row of the last item, after which the next page begins.</param>
/// <param name="More">Whether there is a next page.</param>
public sealed record ListPage<TRow, TItem>(IReadOnlyList<TItem> Items, TRow? Last, bool More);

/// <summary>Reads lists page by page.</summary>
public static class PageReading
{
    /// <summary>How large the items of a page may be together, in bytes: 1 MiB. One that is larger by itself is a page of its own.</summary>
    public const int MaxPageBytes = 1 << 20;

    /// <summary>
    /// Reads rows until there are enough of them, by number or by the bytes of their messages. What comes after that is read no further than
    /// the one row that shows that there is more, so a page costs what it returns, however large the rows are.
    /// </summary>
    /// <param name="rows">The rows after the page before, in order.</param>
    /// <param name="message">Makes a row's message.</param>
    /// <param name="count">At most so many items.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <param name="maxBytes">About so many bytes: the item that would go beyond them is on the next page.</param>
    public static async Task<ListPage<TRow, TItem>> ReadPageAsync<TRow, TItem>(
        this IQueryable<TRow> rows, Func<TRow, TItem> message, int count, CancellationToken cancellationToken, int maxBytes = MaxPageBytes)
        where TItem : IMessage
    {
        var (items, last, bytes) = (new List<TItem>(), default(TRow), 0L);
        await foreach (var row in rows.Take(count + 1).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (items.Count == count)
                return new(items, last, More: true);
            var item = message(row);
            // With its tag and its length.
            bytes += item.CalculateSize() + 6;
            if (items.Count > 0 && bytes > maxBytes)
                return new(items, last, More: true);
            items.Add(item);
            last = row;
        }

        return new(items, last, More: false);
    }
}
