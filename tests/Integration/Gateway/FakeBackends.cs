using Grpc.Core;
using Microservices.Identity.V1;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;
using OrdersChanged = Microservices.Orders.V1.ListChangedUsersResponse;
using OrdersChangedSince = Microservices.Orders.V1.ListChangedUsersRequest;
using UsersChanged = Microservices.Users.V1.ListChangedUsersResponse;
using UsersChangedSince = Microservices.Users.V1.ListChangedUsersRequest;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A Users whose answers a test writes. A lookup over a call stream is answered as GetUser is.</summary>
internal sealed class FakeUsers : UsersService.UsersServiceBase, ICallBatchHandler<LookupUsersCall, LookupUsersResult>
{
    private int lookups;
    private int frames;

    /// <summary>How many lookups have come.</summary>
    public int Lookups => Volatile.Read(ref lookups);

    /// <summary>The etag of every user; 0 for none.</summary>
    public ulong ETag { get; set; }

    /// <summary>In how many frames.</summary>
    public int Frames => Volatile.Read(ref frames);

    public Func<GetUserRequest, ServerCallContext, Task<GetUserResponse>> OnGet { get; set; } = null!;

    public Func<CreateUserRequest, ServerCallContext, Task<CreateUserResponse>> OnCreate { get; set; } = null!;

    public Func<UpdateUserRequest, ServerCallContext, Task<UpdateUserResponse>> OnUpdate { get; set; } = null!;

    public Func<ListUsersRequest, ServerCallContext, Task<ListUsersResponse>> OnList { get; set; } = null!;

    public FakeTopic<WatchUsersRequest> Topic { get; } = new();

    public override Task WatchUsers(
        IAsyncStreamReader<WatchUsersRequest> requestStream, IServerStreamWriter<WatchUsersResponse> responseStream, ServerCallContext context) =>
        FakeTopic<WatchUsersRequest>.ServeAsync(requestStream, context);

    public override Task<GetUserResponse> GetUser(GetUserRequest request, ServerCallContext context) => OnGet(request, context);

    public override Task<CreateUserResponse> CreateUser(CreateUserRequest request, ServerCallContext context) => OnCreate(request, context);

    public override Task<UpdateUserResponse> UpdateUser(UpdateUserRequest request, ServerCallContext context) => OnUpdate(request, context);

    public override Task<ListUsersResponse> ListUsers(ListUsersRequest request, ServerCallContext context) => OnList(request, context);

    /// <summary>Whose part has changed after a cursor; null: this cannot be told.</summary>
    public Func<string, KeyChanges>? OnChanged { get; set; }

    public override Task<UsersChanged> ListChangedUsers(UsersChangedSince request, ServerCallContext context) =>
        OnChanged is { } changed ? Task.FromResult(new UsersChanged { Changes = changed(request.Cursor) }) : throw new RpcException(new Status(StatusCode.Unimplemented, ""));

    public override Task LookupUsers(
        IAsyncStreamReader<LookupUsersRequest> requestStream, IServerStreamWriter<LookupUsersResponse> responseStream, ServerCallContext context) =>
        context.GetHttpContext().RequestServices.GetRequiredService<CallStreamServer<LookupUsersCall, LookupUsersResult>>()
            .ServeAsync(new CountingReader<LookupUsersRequest>(requestStream, () => Interlocked.Increment(ref frames)), responseStream, context);

    public async ValueTask HandleAsync(CallBatch<LookupUsersCall, LookupUsersResult> batch, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref lookups);
        var call = batch.Single();
        if (ETag != 0 && call.Message.KnownEtag == ETag)
        {
            call.Answer(new LookupUsersResult { Unchanged = true, Etag = ETag });
            return;
        }

        var answer = await OnGet(new GetUserRequest { UserId = call.Message.UserId }, new LookupContext(batch.Context, call.Message, cancellationToken));
        call.Answer(new LookupUsersResult { User = answer.User, Etag = ETag });
    }
}

/// <summary>An Orders whose answers a test writes. A lookup over a call stream is answered as ListOrders is.</summary>
internal sealed class FakeOrders : OrdersService.OrdersServiceBase, ICallBatchHandler<LookupOrdersCall, LookupOrdersResult>
{
    private int lookups;
    private int frames;

    /// <summary>How many lookups have come.</summary>
    public int Lookups => Volatile.Read(ref lookups);

    /// <summary>The etag of every user's orders; 0 for none.</summary>
    public ulong ETag { get; set; }

    /// <summary>Whether it says "unchanged" to who knows nothing.</summary>
    public bool LiesAboutETags { get; set; }

    /// <summary>In how many frames.</summary>
    public int Frames => Volatile.Read(ref frames);

    public Func<ListOrdersRequest, ServerCallContext, Task<ListOrdersResponse>> OnList { get; set; } = null!;

    public Func<PlaceOrderRequest, ServerCallContext, Task<PlaceOrderResponse>> OnPlace { get; set; } = null!;

    public Func<CancelOrderRequest, ServerCallContext, Task<CancelOrderResponse>> OnCancel { get; set; } = null!;

    public Func<AdvanceOrderRequest, ServerCallContext, Task<AdvanceOrderResponse>> OnAdvance { get; set; } = null!;

    public FakeTopic<WatchOrdersRequest> Topic { get; } = new();

    public override Task WatchOrders(
        IAsyncStreamReader<WatchOrdersRequest> requestStream, IServerStreamWriter<WatchOrdersResponse> responseStream, ServerCallContext context) =>
        FakeTopic<WatchOrdersRequest>.ServeAsync(requestStream, context);

    public override Task<ListOrdersResponse> ListOrders(ListOrdersRequest request, ServerCallContext context) => OnList(request, context);

    public override Task<PlaceOrderResponse> PlaceOrder(PlaceOrderRequest request, ServerCallContext context) => OnPlace(request, context);

    public override Task<CancelOrderResponse> CancelOrder(CancelOrderRequest request, ServerCallContext context) => OnCancel(request, context);

    public override Task<AdvanceOrderResponse> AdvanceOrder(AdvanceOrderRequest request, ServerCallContext context) => OnAdvance(request, context);

    /// <summary>Whose part has changed after a cursor; null: this cannot be told.</summary>
    public Func<string, KeyChanges>? OnChanged { get; set; }

    public override Task<OrdersChanged> ListChangedUsers(OrdersChangedSince request, ServerCallContext context) =>
        OnChanged is { } changed ? Task.FromResult(new OrdersChanged { Changes = changed(request.Cursor) }) : throw new RpcException(new Status(StatusCode.Unimplemented, ""));

    public override Task LookupOrders(
        IAsyncStreamReader<LookupOrdersRequest> requestStream, IServerStreamWriter<LookupOrdersResponse> responseStream, ServerCallContext context) =>
        context.GetHttpContext().RequestServices.GetRequiredService<CallStreamServer<LookupOrdersCall, LookupOrdersResult>>()
            .ServeAsync(new CountingReader<LookupOrdersRequest>(requestStream, () => Interlocked.Increment(ref frames)), responseStream, context);

    public async ValueTask HandleAsync(CallBatch<LookupOrdersCall, LookupOrdersResult> batch, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref lookups);
        var call = batch.Single();
        if (ETag != 0 && (call.Message.KnownEtag == ETag || LiesAboutETags))
        {
            call.Answer(new LookupOrdersResult { Unchanged = true, Etag = ETag });
            return;
        }

        var request = new ListOrdersRequest { UserId = call.Message.UserId, PageSize = call.Message.Limit };
        var answer = await OnList(request, new LookupContext(batch.Context, call.Message, cancellationToken));
        var latest = answer is null ? null : new LatestOrders();
        latest?.Orders.AddRange(answer!.Orders);
        call.Answer(new LookupOrdersResult { Latest = latest, Etag = ETag });
    }
}

/// <summary>What a unary method would have been told of a call: its deadline, and the end of it.</summary>
internal sealed class LookupContext(ServerCallContext stream, ICall call, CancellationToken cancellation) : ServerCallContext
{
    private readonly DateTime deadline = call.TimeoutMs == 0 ? DateTime.MaxValue : DateTime.UtcNow.AddMilliseconds(call.TimeoutMs);

    protected override string MethodCore => stream.Method;

    protected override string HostCore => stream.Host;

    protected override string PeerCore => stream.Peer;

    protected override DateTime DeadlineCore => deadline;

    protected override Metadata RequestHeadersCore => stream.RequestHeaders;

    protected override CancellationToken CancellationTokenCore => cancellation;

    protected override Metadata ResponseTrailersCore => stream.ResponseTrailers;

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => stream.AuthContext;

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException();

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => throw new NotSupportedException();
}

/// <summary>Counts the frames that are read.</summary>
internal sealed class CountingReader<T>(IAsyncStreamReader<T> inner, Action count) : IAsyncStreamReader<T>
{
    public T Current => inner.Current;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        var more = await inner.MoveNext(cancellationToken);
        if (more)
            count();
        return more;
    }
}

/// <summary>A Notifications whose events a test writes.</summary>
internal sealed class FakeNotifications : NotificationsService.NotificationsServiceBase
{
    public FakeTopic<WatchNotificationsRequest> Topic { get; } = new();

    public override Task WatchNotifications(
        IAsyncStreamReader<WatchNotificationsRequest> requestStream, IServerStreamWriter<WatchNotificationsResponse> responseStream, ServerCallContext context) =>
        FakeTopic<WatchNotificationsRequest>.ServeAsync(requestStream, context);
}

/// <summary>An Identity in which nobody has a session, whoever asks.</summary>
internal sealed class FakeIdentity : IdentityService.IdentityServiceBase
{
    public override Task<ListSessionsResponse> ListSessions(ListSessionsRequest request, ServerCallContext context) => Task.FromResult(new ListSessionsResponse());

    public override Task<EndSessionResponse> EndSession(EndSessionRequest request, ServerCallContext context) => Task.FromResult(new EndSessionResponse());
}

/// <summary>A gRPC server of one service on a free port.</summary>
internal sealed class Backend(GrpcServer server) : IAsyncDisposable
{
    public string Address => server.Address.OriginalString;

    public static Task<Backend> StartAsync(FakeUsers users, int port = 0) => StartAsync(users, port, services => services
        .AddCallStreamServer<LookupUsersCall, LookupUsersResult, FakeUsers>(UsersService.LookupUsers)
        .AddSingleton<ICallBatchHandler<LookupUsersCall, LookupUsersResult>>(users)
        .AddSingleton(users.Topic)
        .AddEventStreamServer<WatchUsersRequest, FakeTopic<WatchUsersRequest>>(UsersService.WatchUsers));

    public static Task<Backend> StartAsync(FakeOrders orders, int port = 0) => StartAsync(orders, port, services => services
        .AddCallStreamServer<LookupOrdersCall, LookupOrdersResult, FakeOrders>(OrdersService.LookupOrders)
        .AddSingleton<ICallBatchHandler<LookupOrdersCall, LookupOrdersResult>>(orders)
        .AddSingleton(orders.Topic)
        .AddEventStreamServer<WatchOrdersRequest, FakeTopic<WatchOrdersRequest>>(OrdersService.WatchOrders));

    public static Task<Backend> StartAsync(FakeNotifications notifications) => StartAsync(notifications, 0, services => services
        .AddSingleton(notifications.Topic)
        .AddEventStreamServer<WatchNotificationsRequest, FakeTopic<WatchNotificationsRequest>>(NotificationsService.WatchNotifications));

    public static Task<Backend> StartAsync(FakeIdentity identity) => StartAsync(identity, 0, _ => { });

    private static async Task<Backend> StartAsync<TService>(TService service, int port, Action<IServiceCollection> add)
        where TService : class
    {
        // Each lookup is handled by itself, so that each has an end of its own.
        var server = await GrpcServer.StartAsync<TService>(port, [("CallStreams:MaxBatch", "1"), ("CallStreams:MaxConcurrentBatches", "1024")], services =>
        {
            services.AddSingleton(service);
            add(services);
        });
        return new Backend(server);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
