using System.Diagnostics;
using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Streaming.V1;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;
using Status = Google.Rpc.Status;

namespace Microservices.Orders;

/// <summary>How one command came out: the answer, or why nothing was placed.</summary>
internal readonly record struct Placement(PlaceOrderResponse? Response, Status? Error)
{
    public static implicit operator Placement(PlaceOrderResponse response) => new(response, null);

    public static implicit operator Placement(Status error) => new(null, error);
}

/// <summary>
/// Places orders: any number of commands in one transaction, each with an outcome of its own. One question to Users, one to the
/// idempotency keys and one commit serve them all.
/// </summary>
internal sealed class PlaceOrder(Database<OrdersDbContext> database, IUserDirectory users, KeyETags<OrdersDbContext> etags, IErrorMapper errors, TimeProvider time)
{
    // As it is stored with every key: never to be changed.
    private const string Command = "PlaceOrder";

    private const string Method = "/orders.v1.OrdersService/PlaceOrder";

    /// <summary>The outcomes, in the order of the commands.</summary>
    /// <param name="commands">The commands.</param>
    /// <param name="rights">Of their caller: a command for another user than it may place orders for is refused alone.</param>
    /// <param name="cancellationToken">Calls it off.</param>
    /// <param name="spans">Under which each one's change is made, so that its event names it as the cause; null: under the current one.</param>
    public async Task<Placement[]> HandleAsync(IReadOnlyList<PlaceOrderRequest> commands, Rights rights, CancellationToken cancellationToken, IReadOnlyList<Activity?>? spans = null)
    {
        var outcomes = commands.Select(command => rights.Include(command.UserId) ? OrderValidation.Check(command) : Rights.NotYours).Select(error => error is null ? default(Placement?) : error).ToArray();
        Dictionary<string, IdempotencyRecord>? seen = await ReplayAsync(commands, rights, outcomes, cancellationToken);
        await RequireUsersAsync(commands, outcomes, cancellationToken);

        if (!outcomes.All(outcome => outcome.HasValue))
        {
            // Where what was seen is no longer so, the first attempt collides, and the next looks again.
            outcomes = await database.WriteAsync(
                orders => PlaceAsync(orders, commands, rights, outcomes, Interlocked.Exchange(ref seen, null), spans, cancellationToken), cancellationToken);
        }

        await SetETagsAsync(outcomes, cancellationToken);
        return [.. outcomes.Select(outcome => outcome!.Value)];
    }

    private async Task SetETagsAsync(Placement?[] outcomes, CancellationToken cancellationToken)
    {
        var placed = outcomes.Select(outcome => outcome!.Value.Response).OfType<PlaceOrderResponse>().ToList();
        var current = await etags.AfterWriteAsync([.. placed.Select(response => response.Order.UserId)], cancellationToken);
        for (var i = 0; i < placed.Count; i++)
            placed[i].Etag = current[i];
    }

    // Before anything else is asked: a repeat is answered as it was, even when Users is down or the user has gone.
    private async Task<Dictionary<string, IdempotencyRecord>> ReplayAsync(IReadOnlyList<PlaceOrderRequest> commands, Rights rights, Placement?[] outcomes, CancellationToken cancellationToken)
    {
        if (!commands.Where((command, i) => outcomes[i] is null && command.IdempotencyKey.Length > 0).Any())
            return [];
        var known = await database.ReadAsync(orders => KnownAsync(orders, commands, rights, outcomes, cancellationToken), cancellationToken);
        for (var i = 0; i < commands.Count; i++)
            outcomes[i] ??= Replay(known, commands[i]);
        return known;
    }

    private async Task RequireUsersAsync(IReadOnlyList<PlaceOrderRequest> commands, Placement?[] outcomes, CancellationToken cancellationToken)
    {
        var userIds = commands.Where((_, i) => outcomes[i] is null).Select(command => command.UserId).Distinct().ToList();
        if (userIds.Count == 0)
            return;

        try
        {
            var existing = await users.ExistingAsync(userIds, cancellationToken);
            for (var i = 0; i < commands.Count; i++)
            {
                if (!existing.Contains(commands[i].UserId))
                    outcomes[i] ??= OrderErrors.UserNotFound(commands[i].UserId);
            }
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            var error = errors.ToStatus(exception, Method);
            for (var i = 0; i < commands.Count; i++)
                outcomes[i] ??= error;
        }
    }

    private async Task<Placement?[]> PlaceAsync(
        OrdersDbContext orders, IReadOnlyList<PlaceOrderRequest> commands, Rights rights, Placement?[] before, Dictionary<string, IdempotencyRecord>? seen,
        IReadOnlyList<Activity?>? spans, CancellationToken cancellationToken)
    {
        // May run again, so it works on copies.
        var outcomes = before.ToArray();
        var broughtIds = commands.Where((command, i) => outcomes[i] is null && command.OrderId.Length > 0).Select(command => command.OrderId).Distinct().ToList();
        var takenIds = broughtIds.Count == 0 ? [] : await orders.Orders.Where(o => broughtIds.Contains(o.OrderId)).Select(o => o.OrderId).ToHashSetAsync(cancellationToken);
        // After the ids: an id taken meanwhile by the same command, sent twice, is then known to be a repeat.
        var known = seen is not null && takenIds.Count == 0 ? seen : await KnownAsync(orders, commands, rights, outcomes, cancellationToken);
        var now = time.GetUtcNow().ToMicroseconds();
        var forgotten = known.Values.Where(IsForgotten).ToList();
        if (forgotten.Count > 0)
            await orders.ForgetAsync(Command, rights.Caller, [.. forgotten.Select(record => record.Key)], forgotten.Max(record => record.CreatedAt), cancellationToken);

        for (var i = 0; i < commands.Count; i++)
        {
            var command = commands[i];
            outcomes[i] ??= Replay(known, command);
            if (outcomes[i] is not null)
                continue;
            if (takenIds.Contains(command.OrderId))
            {
                outcomes[i] = OrderErrors.Domain.AlreadyExists(OrderErrors.Type, "order_id", command.OrderId);
                continue;
            }

            if (spans is not null)
                Activity.Current = spans[i];
            // A microsecond apart, so that the orders of a batch keep their order in a list.
            var order = Make(command, now.AddMicroseconds(i));
            takenIds.Add(order.OrderId);
            orders.Orders.Add(order);
            var response = new PlaceOrderResponse { Order = order.ToMessage() };
            orders.Publish(OrderEventKind.Placed, response.Order, order.UpdateTime);
            outcomes[i] = response;
            if (command.IdempotencyKey.Length > 0)
            {
                var record = Record(command, rights, response, now);
                orders.IdempotencyRecords.Add(record);
                known[command.IdempotencyKey] = record;
            }
        }

        return outcomes;
    }

    private static async Task<Dictionary<string, IdempotencyRecord>> KnownAsync(
        OrdersDbContext orders, IReadOnlyList<PlaceOrderRequest> commands, Rights rights, Placement?[] outcomes, CancellationToken cancellationToken)
    {
        var keys = commands.Where((command, i) => outcomes[i] is null && command.IdempotencyKey.Length > 0).Select(command => command.IdempotencyKey).Distinct().ToList();
        return keys.Count == 0 ? [] : await orders.IdempotencyRecords
            .AsNoTracking()
            .Where(r => r.Command == Command && r.Caller == rights.Caller && keys.Contains(r.Key))
            .ToDictionaryAsync(r => r.Key, cancellationToken);
    }

    private Placement? Replay(Dictionary<string, IdempotencyRecord> known, PlaceOrderRequest command)
    {
        if (command.IdempotencyKey.Length == 0 || !known.TryGetValue(command.IdempotencyKey, out var record) || IsForgotten(record))
            return null;
        if (!record.Answers(HashOf(command)))
            return OrderErrors.Domain.KeyReused();

        var response = PlaceOrderResponse.Parser.ParseFrom(record.Response);
        response.Replayed = true;
        return response;
    }

    private bool IsForgotten(IdempotencyRecord record) => record.IsForgotten(time.GetUtcNow(), database.IdempotencyRetention);

    private static IdempotencyRecord Record(PlaceOrderRequest command, Rights rights, PlaceOrderResponse response, DateTimeOffset now) => new()
    {
        Command = Command,
        Caller = rights.Caller,
        Key = command.IdempotencyKey,
        RequestHash = HashOf(command),
        Response = Google.Protobuf.MessageExtensions.ToByteArray(response),
        CreatedAt = now,
    };

    private static byte[] HashOf(PlaceOrderRequest command) => IdempotencyRecord.HashOf(new PlaceOrderRequest(command) { IdempotencyKey = "" });

    private static Order Make(PlaceOrderRequest command, DateTimeOffset now)
    {
        var currency = command.Lines[0].UnitPrice.CurrencyCode;
        var lines = command.Lines.Select(line =>
        {
            var price = Money.ToDecimal(line.UnitPrice);
            return new OrderLine(line.ProductId, line.Quantity, price, line.DiscountBasisPoints,
                Money.LineTotal(price, line.Quantity, line.DiscountBasisPoints, currency));
        }).ToList();

        return new Order
        {
            OrderId = command.OrderId.Length > 0 ? command.OrderId : Guid.CreateVersion7(now).ToString(),
            UserId = command.UserId,
            Partition = KeyedTopics.PartitionOf(command.UserId),
            State = OrderState.Placed,
            CurrencyCode = currency,
            Lines = lines,
            Total = lines.Sum(line => line.Total),
            Version = 1,
            PlaceTime = now,
            UpdateTime = now,
        };
    }
}
