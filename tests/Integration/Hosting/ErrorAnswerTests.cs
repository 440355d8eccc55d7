using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using ProtoMoney = Google.Type.Money;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>However bad a request is, the answer is small, and nobody else suffers.</summary>
public sealed class ErrorAnswerTests(Backends backends) : IClassFixture<Backends>
{
    private const int MaxHeaderBytes = 8 * 1024;

    public static TheoryData<string, string, IMessage> BadRequests => new()
    {
        { "users", "/users.v1.UsersService/UpdateUser", Update([.. Enumerable.Range(0, 100_000).Select(i => $"p{i}")]) },
        { "users", "/users.v1.UsersService/UpdateUser", Update([new string('语', 300_000)]) },
        { "users", "/users.v1.UsersService/CreateUser", new CreateUserRequest { UserId = new string('%', 200_000), DisplayName = new string('x', 200_000), Email = new string('\n', 200_000), IdempotencyKey = new string('é', 100_000) } },
        { "users", "/users.v1.UsersService/GetUser", new GetUserRequest { UserId = new string('x', 1_000_000) } },
        { "users", "/users.v1.UsersService/ListUsers", new ListUsersRequest { PageSize = -1, PageToken = new string('x', 1_000_000) } },
        { "users", "/users.v1.UsersService/ListChangedUsers", new Microservices.Users.V1.ListChangedUsersRequest { Cursor = new string('x', 1_000_000) } },
        { "orders", "/orders.v1.OrdersService/PlaceOrder", BadOrder(100) },
        { "orders", "/orders.v1.OrdersService/PlaceOrder", BadOrder(10_000) },
        { "orders", "/orders.v1.OrdersService/GetOrder", new GetOrderRequest { OrderId = new string('x', 1_000_000) } },
        { "orders", "/orders.v1.OrdersService/ListOrders", new ListOrdersRequest { UserId = new string('x', 500_000), PageSize = -1, PageToken = new string('%', 500_000) } },
        { "orders", "/orders.v1.OrdersService/CancelOrder", new CancelOrderRequest { OrderId = new string('%', 500_000), Version = -1, IdempotencyKey = new string('\n', 500_000) } },
    };

    [Theory]
    [MemberData(nameof(BadRequests), DisableDiscoveryEnumeration = true)]
    public async Task The_answer_to_a_bad_request_is_below_8_KB_of_headers(string service, string method, IMessage request)
    {
        using var wire = new GrpcWire(AddressOf(service));

        var answer = await wire.CallAsync(method, request);

        Assert.Equal((int)StatusCode.InvalidArgument, answer.Code);
        Assert.InRange(answer.HeaderBytes, 0, MaxHeaderBytes);
        Assert.InRange(answer.Message.Length, 1, 1024);
        Assert.InRange(answer.Details!.Fields().Length, 1, 20);
    }

    [Fact]
    public async Task Callers_beside_one_that_sends_requests_with_a_hundred_thousand_errors_are_served()
    {
        using var stop = new CancellationTokenSource();
        using var wire = new GrpcWire(backends.UsersHost.Grpc);
        var user = await backends.NewUserAsync();
        var bad = GrpcWire.Frame(Update([.. Enumerable.Range(0, 100_000).Select(i => $"p{i}")]).ToByteArray());
        var bads = Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
                Assert.Equal((int)StatusCode.InvalidArgument, (await wire.CallAsync("/users.v1.UsersService/UpdateUser", bad)).Code);
        }).ToArray();

        for (var i = 0; i < 200; i++)
            await backends.Users.GetUserAsync(new GetUserRequest { UserId = user.UserId }, deadline: DateTime.UtcNow.AddSeconds(10));

        await stop.CancelAsync();
        await Task.WhenAll(bads);
    }

    [Fact]
    public async Task Each_bad_command_of_a_command_stream_has_a_small_error_of_its_own_and_the_good_ones_are_placed()
    {
        var user = await backends.NewUserAsync();
        using var stream = backends.Orders.PlaceOrders();

        foreach (var (reference, command) in ((string, PlaceOrderRequest)[])[("bad", BadOrder(100)), (new string('é', 300_000), BadOrder(1)), ("good", Backends.AnOrder(user.UserId))])
            await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = reference, Command = command });
        await stream.RequestStream.CompleteAsync();
        var answers = new List<PlaceOrdersResponse>();
        while (await stream.ResponseStream.MoveNext(default))
            answers.Add(stream.ResponseStream.Current);

        Assert.Equal("good", Assert.Single(answers, answer => answer.Placed is not null).Reference);
        var errors = answers.Where(answer => answer.Error is not null).ToList();
        Assert.Equal(2, errors.Count);
        Assert.All(errors, answer => Assert.InRange(answer.CalculateSize(), 1, MaxHeaderBytes));
    }

    [Fact]
    public async Task A_bad_call_of_a_call_stream_has_a_small_error_and_the_others_are_answered()
    {
        using var stream = backends.Orders.LookupOrders();
        await stream.RequestStream.WriteAsync(new LookupOrdersRequest
        {
            Calls = { new LookupOrdersCall { CallId = 1, UserId = new string('%', 900_000), Limit = -1 }, new LookupOrdersCall { CallId = 2, UserId = "ada" } },
        });

        var results = new Dictionary<ulong, LookupOrdersResult>();
        while (results.Count < 2 && await stream.ResponseStream.MoveNext(default))
        {
            foreach (var result in stream.ResponseStream.Current.Results)
                results[result.CallId] = result;
        }

        Assert.NotNull(results[2].Latest);
        Assert.InRange(results[1].Error.CalculateSize(), 1, MaxHeaderBytes);
    }

    [Fact]
    public async Task A_bad_subscription_fails_with_a_small_error_and_the_stream_goes_on()
    {
        using var stream = backends.Orders.WatchOrders();
        await stream.RequestStream.WriteAsync(new WatchOrdersRequest
        {
            Subscribe = new Subscription { SubscriptionId = 1, Key = new string('%', 400_000), Cursor = new string('é', 200_000), Partition = 99 },
        });

        Assert.True(await stream.ResponseStream.MoveNext(default));
        Assert.Equal((int)StatusCode.InvalidArgument, stream.ResponseStream.Current.Failed.Status.Code);
        Assert.InRange(stream.ResponseStream.Current.CalculateSize(), 1, MaxHeaderBytes);
    }

    private string AddressOf(string service) => service == "users" ? backends.UsersHost.Grpc : backends.OrdersHost.Grpc;

    private static UpdateUserRequest Update(string[] paths) => new()
    {
        User = new User { UserId = "ada", Version = 1, DisplayName = "Ada" },
        UpdateMask = new FieldMask { Paths = { paths } },
    };

    private static PlaceOrderRequest BadOrder(int lines)
    {
        var order = new PlaceOrderRequest { UserId = "no/slash", OrderId = new string('x', 100), IdempotencyKey = " " };
        for (var i = 0; i < lines; i++)
        {
            order.Lines.Add(new OrderLine
            {
                ProductId = new string('p', 65),
                DiscountBasisPoints = -1,
                UnitPrice = new ProtoMoney { CurrencyCode = $"X{i}", Units = -1, Nanos = 5 },
            });
        }

        return order;
    }
}
