using Google.Protobuf.WellKnownTypes;
using Microservices.Gateway.Errors;
using Microservices.Gateway.V1;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Overviews;

/// <summary>The parts of an overview.</summary>
[Flags]
internal enum OverviewParts
{
    /// <summary>No part.</summary>
    None = 0,

    /// <summary>The user.</summary>
    User = 1,

    /// <summary>The latest orders.</summary>
    Orders = 2,

    /// <summary>All of them.</summary>
    All = User | Orders,
}

/// <summary>
/// Whose overview, and how: strict makes every part required; the limit is 1 to 100 orders; only the parts named are asked for; orders that
/// cannot be had may be as stale as that; a part is no older than the write that answered with its etag (0: none); no cache: the services are
/// asked in any case.
/// </summary>
internal sealed record OverviewQuery(
    string UserId, bool Strict, int OrderLimit, OverviewParts Parts = OverviewParts.All, TimeSpan MaxStale = default, ulong UserETag = 0, ulong OrdersETag = 0, bool NoCache = false)
{
    private const int DefaultOrderLimit = 10;
    private const int MaxOrderLimit = 100;

    /// <summary>Reads the request as the contract says.</summary>
    /// <exception cref="StatusException">INVALID_ARGUMENT: naming what is wrong.</exception>
    public static OverviewQuery From(GetOverviewRequest request)
    {
        var violations = new FieldViolations();
        var limit = violations.PageSize("order_limit", request.OrderLimit, DefaultOrderLimit, MaxOrderLimit);
        var parts = request.ReadMask is { Paths.Count: > 0 } mask ? PartsOf(mask.Paths) : OverviewParts.All;
        if (parts is null)
            violations.Add("read_mask", PartsExpected);
        var stale = request.MaxStale ?? NoTime;
        if (stale.Seconds is < 0 or > Duration.MaxSeconds || stale.Nanos is < 0 or > 999_999_999)
            violations.Add("max_stale", "must be a duration that is not negative");
        violations.ThrowIfAny(GatewayErrors.Domain);
        return new OverviewQuery(request.UserId, request.Strict, limit, parts!.Value, stale.ToTimeSpan(), request.UserEtag, request.OrdersEtag, request.NoCache);
    }

    /// <summary>What is asked of the names of parts.</summary>
    public const string PartsExpected = "must name user, orders, or both";

    private static readonly Duration NoTime = new();

    /// <summary>The parts of these names; null when one is not the name of a part.</summary>
    public static OverviewParts? PartsOf(IEnumerable<string?> names)
    {
        var parts = OverviewParts.None;
        foreach (var name in names)
        {
            OverviewParts? part = name switch
            {
                "user" => OverviewParts.User,
                "orders" => OverviewParts.Orders,
                _ => null,
            };
            if (part is null)
                return null;
            parts |= part.Value;
        }

        return parts;
    }
}

/// <summary>
/// How an overview came out. With a <see cref="Failure"/>, a required part failed and that is the answer; else the user is there, if asked
/// for, and the orders, if asked for, are there or say why not.
/// </summary>
internal sealed record OverviewResult(string UserId, Part<User> User, Part<LatestOrders> Orders, Status? Failure)
{
    /// <summary>Whether every part that was asked for is whole and current.</summary>
    public bool Complete => User.IsWhole && Orders.IsWhole;

    /// <summary>What its parts take, in bytes as the services sent them.</summary>
    public int Bytes => (User.Answer?.Bytes ?? 0) + (Orders.Answer?.Bytes ?? 0);

    /// <summary>How old the oldest part is that stands in for a current one, in whole seconds; null when none does.</summary>
    public int? AgeSeconds => Orders.Status == PartStatus.Stale ? (int)Orders.Age.TotalSeconds : null;

    /// <summary>The overview as it goes out over gRPC. Only without a failure.</summary>
    public Overview ToMessage()
    {
        var overview = new Overview { UserId = UserId, Complete = Complete, User = User.Data };
        if (!Orders.IsAsked)
            return overview;

        overview.Orders = new OrdersPart { Status = Orders.Status, Error = Orders.Error };
        if (Orders.Data is { } latest)
        {
            overview.Orders.Orders.AddRange(latest.Orders);
            overview.Orders.Truncated = latest.Truncated;
        }

        if (Orders.Status == PartStatus.Stale)
            overview.Orders.Age = Duration.FromTimeSpan(Orders.Age);
        return overview;
    }
}
