using System.Text.Json;
using Microservices.Gateway.Errors;
using Microservices.Gateway.Operations;
using Microservices.Gateway.Rest;

namespace Microservices.Gateway.OpenApi;

/// <summary>The examples in the API description: values of the types themselves, so that they cannot differ from what is read and written.</summary>
internal static class Examples
{
    private static readonly DateTime Time = new(2026, 1, 31, 12, 0, 0, 250, DateTimeKind.Utc);

    public static Bff.SessionUser SessionUser { get; } = new() { UserId = "ada", Roles = ["user"], SessionId = "q0GfV2hJ3m9QyLr5x8ZsTA" };

    public static Bff.SessionList SessionList { get; } = new()
    {
        Sessions =
        [
            new()
            {
                SessionId = SessionUser.SessionId!,
                IsCurrent = true,
                Address = "203.0.113.7",
                UserAgent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
                CreateTime = new(2026, 3, 2, 9, 30, 0, TimeSpan.Zero),
                ExpireTime = new(2026, 3, 3, 9, 30, 0, TimeSpan.Zero),
            },
        ],
    };

    public static CreateUser CreateUser { get; } = new() { UserId = "ada", DisplayName = "Ada Lovelace", Email = "ada@example.com" };

    public static UpdateUser UpdateUser { get; } = new() { Version = 1, DisplayName = "Ada King" };

    public static User User { get; } = new()
    {
        UserId = "ada",
        DisplayName = "Ada Lovelace",
        Email = "ada@example.com",
        Version = 1,
        CreateTime = Time,
        UpdateTime = Time,
    };

    public static UserPage UserPage { get; } = new() { Users = [User], NextPageToken = "Rk9vYmFyYmF6YWRh" };

    public static PlaceOrder PlaceOrder { get; } = new()
    {
        UserId = "ada",
        Lines = [new PlaceOrderLine { ProductId = "tea", Quantity = 2, UnitPrice = new Price { Amount = "6.25", Currency = "EUR" } }],
    };

    public static CancelOrder CancelOrder { get; } = new() { Version = 1 };

    public static AdvanceOrder AdvanceOrder { get; } = new() { State = OrderStep.Paid, Version = 1 };

    public static Order Order { get; } = new()
    {
        OrderId = "0198f3a2-7c40-7000-8000-3d1c6a5f0b11",
        UserId = "ada",
        State = OrderState.Placed,
        Lines = [new OrderLine { ProductId = "tea", Quantity = 2, UnitPrice = Eur("6.25"), DiscountBasisPoints = 0, Total = Eur("12.50") }],
        Total = Eur("12.50"),
        Version = 1,
        PlaceTime = Time,
        UpdateTime = Time,
    };

    public static Order CancelledOrder { get; } = Order with { State = OrderState.Cancelled, Version = 2 };

    public static OrderPage OrderPage { get; } = new() { Orders = [Order] };

    public static Notification Notification { get; } = new()
    {
        NotificationId = "0198f3a2-7c52-7000-8000-5a2e8d1c9f40",
        UserId = "ada",
        Kind = OrderEventKind.Placed,
        OrderId = Order.OrderId,
        OrderVersion = 1,
        OrderState = OrderState.Placed,
        EventTime = Time,
        CreateTime = Time,
    };

    public static NotificationPage NotificationPage { get; } = new() { Notifications = [Notification], UnreadCount = 1 };

    public static MarkRead MarkRead { get; } = new() { NotificationIds = [Notification.NotificationId] };

    public static NotificationList NotificationList { get; } = new() { Notifications = [Notification with { ReadTime = Time }] };

    public static Overview Overview { get; } = new()
    {
        UserId = "ada",
        Complete = true,
        User = new UserPart { Status = PartStatus.Ok, Data = User },
        Orders = new OrdersPart { Status = PartStatus.Ok, Data = [Order] },
    };

    public static Overview PartialOverview { get; } = Overview with
    {
        Complete = false,
        Orders = new OrdersPart { Status = PartStatus.Timeout, Problem = Problem(504) with { Reason = "UPSTREAM_TIMEOUT" } },
    };

    public static Overview StaleOverview { get; } = Overview with
    {
        Complete = false,
        Orders = new OrdersPart { Status = PartStatus.Stale, Data = [Order], AgeSeconds = 7, Problem = Problem(503) with { Reason = "UPSTREAM_UNAVAILABLE" } },
    };

    public static BatchGetOverviews BatchGetOverviews { get; } = new() { UserIds = ["ada", "nobody"], OrderLimit = 5 };

    public static OverviewBatch OverviewBatch { get; } = new()
    {
        Overviews =
        [
            new BatchedOverview { UserId = "ada", Overview = Overview },
            new BatchedOverview { UserId = "nobody", Problem = Problem(404) with { Reason = "NOT_FOUND", Detail = "There is no user with id 'nobody'." } },
        ],
    };

    /// <summary>The third event after a place in the orders, at a place in the notifications.</summary>
    public const string EventId = "AZ3qk0uXm1Q~3.AZ3qk0uYw7c.8d2f0c41a97be356";

    public static SuiteStatus SuiteStatus { get; } = new()
    {
        Time = Time,
        Services =
        [
            new()
            {
                Service = "orders", RequestsPerSecond = 120.5, ErrorsPerSecond = 0, P99Ms = 4.2, Streams = 12, StreamLag = 0,
                Replicas =
                [
                    new() { Address = "10.0.0.7:5002", Health = "healthy", ProcessId = "5f0c9a3e", Version = "1.4.0", StartTime = Time.AddHours(-1), RequestsPerSecond = 120.5, Streams = 12, OutboxAgeMs = 0, MemoryBytes = 151_000_000, Processors = 0.21 },
                    new() { Address = "10.0.0.8:5002", Health = "lost", LostTime = Time.AddSeconds(-8) },
                ],
            },
        ],
        Alerts = [new() { Severity = "critical", Service = "orders", Address = "10.0.0.8:5002", Text = "Nothing is heard of this replica" }],
    };

    public static string OperationsText { get; } = $$"""
        retry: 2000

        event: ready
        data: {"heartbeatMs":1000}

        event: operations
        data: {{JsonSerializer.Serialize(SuiteStatus, GatewayJson.Default.SuiteStatus)}}


        """;

    public static StreamStatus StreamStatus { get; } = new()
    {
        StreamId = "9d41c7e2-0HNGD3J5Q2A7V-00000001",
        Service = "orders",
        Replica = "10.0.0.7:5002",
        Kind = "event",
        Method = "orders.v1.OrdersService/WatchOrders",
        User = "ada",
        Peer = "ipv4:203.0.113.7:51234",
        OpenTime = Time,
        TokenExpireTime = Time.AddMinutes(5),
        QueuedBytes = 2_048,
        Sent = 310,
        Lag = 12,
        Subscriptions = 1,
        MostBehind = [new() { Key = "ada", Delivery = "LOSSLESS", Lag = 12, Topics = ["orders/user/ada"] }],
        Draining = false,
    };

    public static string StreamsText { get; } = $$"""
        retry: 2000

        event: ready
        data: {"heartbeatMs":1000}

        event: stream
        data: {{JsonSerializer.Serialize(StreamStatus, GatewayJson.Default.StreamStatus)}}

        event: streams
        data: {{JsonSerializer.Serialize(new StreamsState { Time = Time, GoneStreamIds = [], LeftOut = 0, Behind = 0, Complete = true, Lost = [] }, GatewayJson.Default.StreamsState)}}


        """;

    public static TopicStatus TopicStatus { get; } = new()
    {
        Service = "orders",
        Topic = "orders/user/ada",
        Epoch = "q0GfV2hJ3m9Q",
        Head = 42,
        Tail = 1,
        UpdateTime = Time,
        Readers = 2,
        LogEvents = 12,
        LogBytes = 3_456,
    };

    public static TopicPage TopicPage { get; } = new() { Topics = [TopicStatus], NextPageToken = "Rk9vYmFyYmF6YWRh", Silent = [] };

    public const string TopicCursor = "AWR1bW15dG9waWMAAAAAAAAAACsMcTBHZlYyaEozbTlRkqN1sA";

    public static string TopicEventsText { get; } = $$"""
        retry: 2000

        event: ready
        data: {"heartbeatMs":1000}

        event: event
        data: {"offset":42,"time":"2026-01-31T12:00:00.25+00:00","key":"0198f3a2-7c40-7000-8000-3d1c6a5f0b11","size":5,"messageType":"orders.v1.OrderEvent","value":{"kind":"ORDER_EVENT_KIND_PLACED"},"payload":"CAE="}
        id: {{TopicCursor}}

        event: position
        data: {{JsonSerializer.Serialize(new TopicPosition { Time = Time, Epoch = "q0GfV2hJ3m9Q", Offset = 42, Head = 42, LeftOut = 0 }, GatewayJson.Default.TopicPosition)}}
        id: {{TopicCursor}}


        """;

    public static string EventText { get; } = $$"""
        retry: 2000

        event: ready
        data: {"heartbeatMs":15000}
        id: AZ3qk0uXm1Q~2.AZ3qk0uYw7c.17c05b3e92fa6d84

        event: order
        data: {{JsonSerializer.Serialize(new OrderEvent { Kind = OrderEventKind.Placed, Order = Order, Time = Time }, GatewayJson.Default.OrderEvent)}}
        id: {{EventId}}


        """;

    /// <summary>A problem of the first kind that has the HTTP status.</summary>
    public static Problem Problem(int status)
    {
        var problem = Errors.Problem.From(ProblemTypes.All.First(type => type.HttpStatus == status)) with { TraceId = "4bf92f3577b34da6a3ce929d0e0e4736" };
        return status == StatusCodes.Status400BadRequest
            ? problem with { Reason = "INVALID_FIELDS", Errors = new Dictionary<string, string[]> { ["lines[0].quantity"] = ["must be 1 to 1000000"] } }
            : problem;
    }

    private static Money Eur(string amount) => new() { Amount = amount, Currency = "EUR" };
}
