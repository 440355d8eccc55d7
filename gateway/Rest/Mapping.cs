using Google.Protobuf.WellKnownTypes;
using Microservices.Gateway.Errors;
using Microservices.Gateway.Overviews;
using ProtoLine = Microservices.Orders.V1.OrderLine;
using ProtoMoney = Google.Type.Money;
using ProtoOrder = Microservices.Orders.V1.Order;
using ProtoState = Microservices.Orders.V1.OrderState;
using ProtoUser = Microservices.Users.V1.User;

namespace Microservices.Gateway.Rest;

/// <summary>The services' messages as JSON resources, and back.</summary>
internal static class Mapping
{
    public static User ToJson(this ProtoUser user) => new()
    {
        UserId = user.UserId,
        DisplayName = user.DisplayName,
        Email = user.Email,
        Version = user.Version,
        CreateTime = Utc(user.CreateTime),
        UpdateTime = Utc(user.UpdateTime),
    };

    public static Order ToJson(this ProtoOrder order) => new()
    {
        OrderId = order.OrderId,
        UserId = order.UserId,
        State = order.State.ToJson(),
        Lines = Map(order.Lines, ToJson),
        Total = ToJson(order.Total),
        Version = order.Version,
        PlaceTime = Utc(order.PlaceTime),
        UpdateTime = Utc(order.UpdateTime),
    };

    public static Order[] ToJson(this IReadOnlyList<ProtoOrder> orders) => Map(orders, ToJson);

    public static User[] ToJson(this IReadOnlyList<ProtoUser> users) => Map(users, ToJson);

    /// <summary>Only without a failure.</summary>
    public static Overview ToJson(this OverviewResult overview) => new()
    {
        UserId = overview.UserId,
        Complete = overview.Complete,
        User = overview.User.IsAsked
            ? new UserPart { Status = overview.User.Status.ToJson(), Data = overview.User.Data?.ToJson(), Problem = ToProblem(overview.User.Error) }
            : null,
        Orders = overview.Orders.IsAsked
            ? new OrdersPart
            {
                Status = overview.Orders.Status.ToJson(),
                Data = overview.Orders.Data?.Orders.ToJson(),
                Truncated = overview.Orders.Data?.Truncated is true ? true : null,
                AgeSeconds = overview.AgeSeconds,
                Problem = ToProblem(overview.Orders.Error),
            }
            : null,
    };

    /// <summary>One of a batch: the overview, or why there is none.</summary>
    public static BatchedOverview ToBatched(this OverviewResult overview) => new()
    {
        UserId = overview.UserId,
        Overview = overview.Failure is null ? overview.ToJson() : null,
        Problem = ToProblem(overview.Failure),
    };

    /// <summary>A command's order lines; what JSON has wrong with them is added to the errors.</summary>
    public static IEnumerable<ProtoLine> ToMessages(this IReadOnlyList<PlaceOrderLine?> lines, RequestErrors errors)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            var at = $"lines[{i}]";
            if (lines[i] is { } line)
                yield return line.ToMessage(at, errors);
            else
                errors.Add(at, "must be an object");
        }
    }

    public static ProtoState ToMessage(this OrderStep step) => step switch
    {
        OrderStep.Paid => ProtoState.Paid,
        OrderStep.Shipped => ProtoState.Shipped,
        OrderStep.Delivered => ProtoState.Delivered,
        _ => ProtoState.Unspecified,
    };

    private static ProtoLine ToMessage(this PlaceOrderLine line, string at, RequestErrors errors)
    {
        var message = new ProtoLine
        {
            ProductId = errors.Required($"{at}.productId", line.ProductId, ""),
            Quantity = errors.Required($"{at}.quantity", line.Quantity),
            DiscountBasisPoints = line.DiscountBasisPoints ?? 0,
        };
        if (line.UnitPrice is not { } price)
        {
            errors.Add($"{at}.unitPrice", "is required");
            return message;
        }

        var amount = errors.Required($"{at}.unitPrice.amount", price.Amount, "0");
        var currency = errors.Required($"{at}.unitPrice.currency", price.Currency, "");
        if (!MoneyAmounts.TryParse(amount, currency, out var money))
            errors.Add($"{at}.unitPrice.amount", MoneyAmounts.Expected);
        else if (money.Units < 0 || money.Nanos < 0)
            errors.Add($"{at}.unitPrice.amount", "must not be negative");
        else
            message.UnitPrice = money;
        return message;
    }

    private static OrderLine ToJson(ProtoLine line) => new()
    {
        ProductId = line.ProductId,
        Quantity = line.Quantity,
        UnitPrice = ToJson(line.UnitPrice),
        DiscountBasisPoints = line.DiscountBasisPoints,
        Total = ToJson(line.Total),
    };

    // A field that a message lacks is its zero, as always in proto3.
    private static Money ToJson(ProtoMoney? money) => MoneyAmounts.ToJson(money ?? new ProtoMoney());

    private static DateTime Utc(Timestamp? timestamp) => (timestamp ?? new Timestamp()).ToDateTime();

    public static OrderState ToJson(this ProtoState state) => state switch
    {
        ProtoState.Placed => OrderState.Placed,
        ProtoState.Paid => OrderState.Paid,
        ProtoState.Shipped => OrderState.Shipped,
        ProtoState.Delivered => OrderState.Delivered,
        ProtoState.Cancelled => OrderState.Cancelled,
        _ => OrderState.Unknown,
    };

    private static PartStatus ToJson(this V1.PartStatus status) => status switch
    {
        V1.PartStatus.Ok => PartStatus.Ok,
        V1.PartStatus.Timeout => PartStatus.Timeout,
        V1.PartStatus.Shed => PartStatus.Shed,
        V1.PartStatus.Stale => PartStatus.Stale,
        _ => PartStatus.Error,
    };

    private static Problem? ToProblem(Google.Rpc.Status? error) => error is null ? null : Problem.From(error);

    private static TTo[] Map<TFrom, TTo>(IReadOnlyList<TFrom> from, Func<TFrom, TTo> map)
    {
        var to = new TTo[from.Count];
        for (var i = 0; i < to.Length; i++)
            to[i] = map(from[i]);
        return to;
    }
}
