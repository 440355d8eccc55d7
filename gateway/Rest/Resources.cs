using System.Text.Json.Serialization;
using Microservices.Gateway.Errors;

namespace Microservices.Gateway.Rest;

/// <summary>An exact amount of money.</summary>
public sealed record Money
{
    /// <summary>A decimal number as a string, exact, with at most 9 decimals: "12.50". Never a JSON number, which may be rounded on its way.</summary>
    public required string Amount { get; init; }

    /// <summary>ISO 4217 code: "EUR".</summary>
    public required string Currency { get; init; }
}

/// <summary>A person who places orders.</summary>
public sealed record User
{
    /// <summary>Identifies the user for good.</summary>
    public required string UserId { get; init; }

    /// <summary>How the user is addressed.</summary>
    public required string DisplayName { get; init; }

    /// <summary>E-mail address; unique without regard to case.</summary>
    public required string Email { get; init; }

    /// <summary>Counts the changes: 1 when created. An update states the version it is based on.</summary>
    public required long Version { get; init; }

    /// <summary>When the user was created: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }

    /// <summary>When the user was last changed: RFC 3339, UTC.</summary>
    public required DateTime UpdateTime { get; init; }
}

/// <summary>A page of users.</summary>
public sealed record UserPage
{
    /// <summary>By ascending id.</summary>
    public required IReadOnlyList<User> Users { get; init; }

    /// <summary>Fetches the next page, as `pageToken`; absent when this is the last one.</summary>
    public string? NextPageToken { get; init; }
}

/// <summary>How far an order has come.</summary>
[JsonConverter(typeof(OrderStateConverter))]
public enum OrderState
{
    /// <summary>A state that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>Placed, not paid.</summary>
    Placed,

    /// <summary>Paid, not shipped.</summary>
    Paid,

    /// <summary>On its way.</summary>
    Shipped,

    /// <summary>Arrived. Final.</summary>
    Delivered,

    /// <summary>Called off before it was shipped. Final.</summary>
    Cancelled,
}

/// <summary>One product of an order.</summary>
public sealed record OrderLine
{
    /// <summary>What is ordered.</summary>
    public required string ProductId { get; init; }

    /// <summary>How many.</summary>
    public required int Quantity { get; init; }

    /// <summary>The price of one.</summary>
    public required Money UnitPrice { get; init; }

    /// <summary>Reduction in hundredths of a percent: 0 to 10,000 (free).</summary>
    public required int DiscountBasisPoints { get; init; }

    /// <summary>Quantity times unit price less the discount, rounded to the currency's smallest unit.</summary>
    public required Money Total { get; init; }
}

/// <summary>What a user has ordered.</summary>
public sealed record Order
{
    /// <summary>Identifies the order for good.</summary>
    public required string OrderId { get; init; }

    /// <summary>Who placed it.</summary>
    public required string UserId { get; init; }

    /// <summary>How far it has come.</summary>
    public required OrderState State { get; init; }

    /// <summary>The products, as placed.</summary>
    public required IReadOnlyList<OrderLine> Lines { get; init; }

    /// <summary>The sum of the lines' totals; exact.</summary>
    public required Money Total { get; init; }

    /// <summary>Counts the changes: 1 when placed.</summary>
    public required long Version { get; init; }

    /// <summary>When it was placed: RFC 3339, UTC.</summary>
    public required DateTime PlaceTime { get; init; }

    /// <summary>When it was last changed: RFC 3339, UTC.</summary>
    public required DateTime UpdateTime { get; init; }
}

/// <summary>A page of orders.</summary>
public sealed record OrderPage
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<Order> Orders { get; init; }

    /// <summary>Fetches the next page, as `pageToken`; absent when this is the last one.</summary>
    public string? NextPageToken { get; init; }
}

/// <summary>The outcome of a part of an aggregate.</summary>
[JsonConverter(typeof(PartStatusConverter))]
public enum PartStatus
{
    /// <summary>Whole and current.</summary>
    Ok,

    /// <summary>It failed.</summary>
    Error,

    /// <summary>It did not answer in time.</summary>
    Timeout,

    /// <summary>It was refused because its service, or the gateway, is overloaded.</summary>
    Shed,

    /// <summary>It failed, and an earlier answer is given instead.</summary>
    Stale,
}

/// <summary>The user of an overview. Required: an overview without it is a problem.</summary>
public sealed record UserPart
{
    /// <summary>The outcome of the part.</summary>
    public required PartStatus Status { get; init; }

    /// <summary>The user.</summary>
    public User? Data { get; init; }

    /// <summary>Why the part is missing or not current; absent when it is ok.</summary>
    public Problem? Problem { get; init; }
}

/// <summary>The latest orders of an overview. Optional: "there are none" is `ok` with an empty list, "they could not be had" is not `ok`.</summary>
public sealed record OrdersPart
{
    /// <summary>The outcome of the part.</summary>
    public required PartStatus Status { get; init; }

    /// <summary>Newest first; absent when they could not be had.</summary>
    public IReadOnlyList<Order>? Data { get; init; }

    /// <summary>True when there are fewer orders than asked for, because more of them would exceed 1 MiB: listOrders has the rest. Absent otherwise.</summary>
    public bool? Truncated { get; init; }

    /// <summary>How old the orders are, in whole seconds; only when they are stale.</summary>
    public int? AgeSeconds { get; init; }

    /// <summary>Why the part is missing or not current; absent when it is ok.</summary>
    public Problem? Problem { get; init; }
}

/// <summary>A user with the latest orders.</summary>
public sealed record Overview
{
    /// <summary>Whose overview this is.</summary>
    public required string UserId { get; init; }

    /// <summary>True when every part that was asked for is ok; false for a partial result, which says part by part what is missing and why.</summary>
    public required bool Complete { get; init; }

    /// <summary>The user; absent when not asked for.</summary>
    public UserPart? User { get; init; }

    /// <summary>The latest orders; absent when not asked for.</summary>
    public OrdersPart? Orders { get; init; }
}

/// <summary>The overviews of a batch.</summary>
public sealed record OverviewBatch
{
    /// <summary>One for each id that was asked for, in that order.</summary>
    public required IReadOnlyList<BatchedOverview> Overviews { get; init; }
}

/// <summary>One of a batch: either an overview, whole or partial, or the problem in its place.</summary>
public sealed record BatchedOverview
{
    /// <summary>Whose overview this is.</summary>
    public required string UserId { get; init; }

    /// <summary>The overview; absent when there is a problem.</summary>
    public Overview? Overview { get; init; }

    /// <summary>Why there is no overview: the problem that asking for it alone would have been answered with, or that the answer has no room for it.</summary>
    public Problem? Problem { get; init; }
}
