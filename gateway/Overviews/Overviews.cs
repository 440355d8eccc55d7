using Microservices.Gateway.Errors;
using Microservices.Gateway.V1;
using Microservices.Hosting;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.Options;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Overviews;

/// <summary>Whose overview, and how: strict makes every part required; the limit is 1 to 100 orders.</summary>
internal sealed record OverviewQuery(string UserId, bool Strict, int OrderLimit)
{
    private const int DefaultOrderLimit = 10;
    private const int MaxOrderLimit = 100;

    /// <summary>Reads the request as the contract says.</summary>
    /// <exception cref="StatusException">INVALID_ARGUMENT: the limit is negative.</exception>
    public static OverviewQuery From(GetOverviewRequest request)
    {
        var violations = new FieldViolations();
        var limit = violations.PageSize("order_limit", request.OrderLimit, DefaultOrderLimit, MaxOrderLimit);
        violations.ThrowIfAny(GatewayErrors.Domain);
        return new OverviewQuery(request.UserId, request.Strict, limit);
    }
}

/// <summary>
/// How an overview came out. With a <see cref="Failure"/>, a required part failed and that is the answer; else the user is there,
/// and the orders are there or say why not.
/// </summary>
internal sealed record OverviewResult(string UserId, Part<User> User, Part<IReadOnlyList<Order>> Orders, Status? Failure)
{
    /// <summary>Whether every part is whole and current.</summary>
    public bool Complete => User.Status == PartStatus.Ok && Orders.Status == PartStatus.Ok;

    /// <summary>The overview as it goes out over gRPC. Only without a failure.</summary>
    public Overview ToMessage()
    {
        var orders = new OrdersPart { Status = Orders.Status, Error = Orders.Error };
        if (Orders.Data is { } list)
            orders.Orders.AddRange(list);
        return new Overview { UserId = UserId, Complete = Complete, User = User.Data, Orders = orders };
    }
}

internal static class OverviewRegistration
{
    private const string LookupSection = "LookupOverviews";
    private const int Credit = 256;

    public static void AddOverviews(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IOverviewSources, UnaryOverviewSources>();
        builder.Services.AddSingleton<OverviewAggregator>();

        builder.Services.AddOptions<CallStreamServerOptions>(LookupSection).Configure<IOptions<DrainOptions>>((calls, drain) =>
        {
            calls.Credit = Credit;
            calls.MaxBatch = 1;
            calls.MaxConcurrentBatches = Credit;
            calls.DrainTimeout = drain.Value.Window;
        });
        builder.Services.AddCallStreamServer<LookupOverviewsCall, LookupOverviewsResult, LookupOverviews>(GatewayService.LookupOverviewsCalls, LookupSection);
    }
}
