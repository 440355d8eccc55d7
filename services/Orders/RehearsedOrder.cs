using Microservices.Orders.V1;

namespace Microservices.Orders;

/// <summary>An order that is placed before the process is ready and taken back (<c>Rehearsal</c>): of a user who exists for this only.</summary>
internal sealed class RehearsedOrder : IUserDirectory
{
    public static PlaceOrderRequest New()
    {
        var id = Guid.NewGuid().ToString();
        return new()
        {
            UserId = id,
            IdempotencyKey = id,
            Lines = { new V1.OrderLine { ProductId = "rehearsal", Quantity = 1, UnitPrice = new Google.Type.Money { CurrencyCode = "EUR", Units = 1 } } },
        };
    }

    public Task<HashSet<string>> ExistingAsync(IReadOnlyList<string> userIds, CancellationToken cancellationToken) => Task.FromResult(userIds.ToHashSet());
}
