using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>The user to be created.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CreateUser
{
    /// <summary>The id to give the user: 1 to 64 letters, digits, '-', '_' or '.'. Generated when absent.</summary>
    public string? UserId { get; init; }

    /// <summary>How the user is addressed: 1 to 200 characters.</summary>
    [Required]
    public string? DisplayName { get; init; }

    /// <summary>E-mail address, at most 254 characters; unique without regard to case.</summary>
    [Required]
    public string? Email { get; init; }
}

/// <summary>What to change of a user. One or both of `displayName` and `email`.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record UpdateUser
{
    /// <summary>The version that the change is based on, as last read.</summary>
    [Required]
    public long? Version { get; init; }

    /// <summary>How the user is addressed from now on; unchanged when absent.</summary>
    public string? DisplayName { get; init; }

    /// <summary>The new e-mail address; unchanged when absent.</summary>
    public string? Email { get; init; }
}

/// <summary>The order to be placed.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PlaceOrder
{
    /// <summary>The id to give the order: 1 to 64 letters, digits, '-', '_' or '.'. Generated when absent.</summary>
    public string? OrderId { get; init; }

    /// <summary>Who places it: a user that exists.</summary>
    [Required]
    public string? UserId { get; init; }

    /// <summary>1 to 100 products, all in the same currency.</summary>
    [Required]
    public IReadOnlyList<PlaceOrderLine?>? Lines { get; init; }
}

/// <summary>One product of an order to be placed.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PlaceOrderLine
{
    /// <summary>What is ordered: 1 to 64 characters.</summary>
    [Required]
    public string? ProductId { get; init; }

    /// <summary>How many: 1 to 1,000,000.</summary>
    [Required]
    public int? Quantity { get; init; }

    /// <summary>The price of one; not negative.</summary>
    [Required]
    public Price? UnitPrice { get; init; }

    /// <summary>Reduction in hundredths of a percent: 0 to 10,000 (free). None when absent.</summary>
    public int? DiscountBasisPoints { get; init; }
}

/// <summary>An exact amount of money.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record Price
{
    /// <summary>A decimal number as a string, exact, with at most 9 decimals: "12.50".</summary>
    [Required]
    public string? Amount { get; init; }

    /// <summary>ISO 4217 code: "EUR".</summary>
    [Required]
    public string? Currency { get; init; }
}

/// <summary>How to cancel an order. The body may be absent.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CancelOrder
{
    /// <summary>The version that the decision is based on; any version when absent.</summary>
    public long? Version { get; init; }
}

/// <summary>The states that an order can be moved to.</summary>
[JsonConverter(typeof(OrderStepConverter))]
[Description("The states that an order can be moved to.")]
public enum OrderStep
{
    /// <summary>From placed.</summary>
    Paid,

    /// <summary>From paid.</summary>
    Shipped,

    /// <summary>From shipped. Final.</summary>
    Delivered,
}

/// <summary>Where to move an order.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record AdvanceOrder
{
    /// <summary>The state to reach: the one that follows the present one.</summary>
    [Required]
    public OrderStep? State { get; init; }

    /// <summary>The version that the decision is based on; any version when absent.</summary>
    public long? Version { get; init; }
}

/// <summary>Whose overviews to get, and how.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record BatchGetOverviews
{
    /// <summary>1 to 100 users, each once.</summary>
    [Required]
    public IReadOnlyList<string?>? UserIds { get; init; }

    /// <summary>Which parts: user, orders, or both. Both when absent.</summary>
    public IReadOnlyList<string?>? Fields { get; init; }

    /// <summary>Makes every part required: if one fails, that overview fails. False when absent.</summary>
    public bool? Strict { get; init; }

    /// <summary>How many of the latest orders at most: 10 when absent or 0; more than 100 counts as 100.</summary>
    public int? OrderLimit { get; init; }
}
