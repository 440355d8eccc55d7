using Google.Protobuf.Collections;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Status = Google.Rpc.Status;

namespace Microservices.Orders;

/// <summary>What an order must be, whatever else is the case.</summary>
internal static class OrderValidation
{
    private const int MaxLines = 100;
    private const int MaxProductId = 64;
    private const int MaxQuantity = 1_000_000;
    private const int MaxBasisPoints = 10_000;

    /// <summary>INVALID_ARGUMENT naming every bad field; null when there is none.</summary>
    public static Status? Check(PlaceOrderRequest command)
    {
        var violations = new FieldViolations();
        violations.CheckIdempotencyKey("idempotency_key", command.IdempotencyKey);
        if (command.OrderId.Length > 0)
            violations.CheckId("order_id", command.OrderId);
        violations.CheckId("user_id", command.UserId);
        if (command.Lines.Count is 0 or > MaxLines)
            violations.Add("lines", $"must be 1 to {MaxLines}");
        else
            CheckLines(violations, command.Lines);
        return violations.Any ? OrderErrors.Domain.Invalid(violations) : null;
    }

    private static void CheckLines(FieldViolations violations, RepeatedField<V1.OrderLine> lines)
    {
        var currency = lines[0].UnitPrice?.CurrencyCode;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            violations.CheckText($"lines[{i}].product_id", line.ProductId, MaxProductId);
            if (line.Quantity is < 1 or > MaxQuantity)
                violations.Add($"lines[{i}].quantity", $"must be from 1 to {MaxQuantity}");
            violations.CheckPrice($"lines[{i}].unit_price", line.UnitPrice);
            if (line.UnitPrice is { } price && currency is not null && price.CurrencyCode != currency)
                violations.Add($"lines[{i}].unit_price.currency_code", "must be that of the first line");
            if (line.DiscountBasisPoints is < 0 or > MaxBasisPoints)
                violations.Add($"lines[{i}].discount_basis_points", $"must be from 0 to {MaxBasisPoints}");
            if (line.Total is not null)
                violations.Add($"lines[{i}].total", "is output only and must be absent");
        }
    }
}
