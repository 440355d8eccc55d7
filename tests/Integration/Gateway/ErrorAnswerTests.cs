using System.Net;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Status = Google.Rpc.Status;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>However much is wrong with a request, and however much a service says of it, the gateway's answer is small and nobody else suffers.</summary>
public sealed class ErrorAnswerTests : IClassFixture<GatewayFixture>
{
    private const int MaxAnswerBytes = 8 * 1024;
    private readonly GatewayFixture gateway;

    public ErrorAnswerTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
    }

    [Fact]
    public async Task An_error_of_a_service_larger_than_usual_limits_harms_no_other_call_of_its_connection()
    {
        gateway.Orders.OnPlace = (request, _) => request.UserId == "bad"
            ? throw Large().ToRpcException()
            : Task.FromResult(new PlaceOrderResponse { Order = GatewayFixture.Order("o1", request.UserId) });
        using var stop = new CancellationTokenSource();
        var bads = Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                var problem = await (await PlaceAsync("bad")).ProblemAsync(400);
                Assert.InRange(problem.Fields().Length, 1, 20);
                Assert.InRange(problem.GetRawText().Length, 0, MaxAnswerBytes);
            }
        }).ToArray();

        for (var i = 0; i < 200; i++)
            Assert.Equal(HttpStatusCode.Created, (await PlaceAsync("good")).StatusCode);

        await stop.CancelAsync();
        await Task.WhenAll(bads);
    }

    [Fact]
    public async Task An_error_of_a_service_is_passed_on_over_gRPC_as_much_of_it_as_fits()
    {
        gateway.Users.OnGet = (_, _) => throw Large().ToRpcException();

        var failed = await Assert.ThrowsAsync<RpcException>(() => gateway.Grpc.GetOverviewAsync(new GetOverviewRequest { UserId = "ada" }).ResponseAsync);

        Assert.InRange(failed.Trailers.Sum(t => t.Key.Length + (t.IsBinary ? t.ValueBytes.Length * 4 / 3 : t.Value.Length)) + failed.Status.Detail.Length, 1, MaxAnswerBytes);
    }

    [Theory]
    [InlineData("""{"userId":"ada","lines":[LINES]}""", """{"quantity":1}""", 3_000)]
    [InlineData("""{"userId":"ada","lines":[LINES]}""", """{"productId":"p","quantity":1,"unitPrice":{"amount":"x","currency":"EUR"}}""", 700)]
    public async Task Of_many_errors_in_a_body_20_are_named_and_the_others_counted(string json, string line, int lines)
    {
        var body = json.Replace("LINES", string.Join(',', Enumerable.Repeat(line, lines)), StringComparison.Ordinal);

        var problem = await (await gateway.Rest.PostAsync("/v1/orders", Http.Body(body))).ProblemAsync(400);

        Assert.Equal(20, problem.Fields().Length);
        Assert.Contains("more errors are not listed", problem.Text("detail"), StringComparison.Ordinal);
        Assert.InRange(problem.GetRawText().Length, 0, MaxAnswerBytes);
    }

    [Fact]
    public async Task A_name_that_the_caller_made_up_is_cut_where_it_is_repeated()
    {
        var problem = await (await gateway.Rest.PostAsync("/v1/users", Http.Body($$"""{"{{new string('x', 60_000)}}":1}"""))).ProblemAsync(400);

        Assert.InRange(problem.GetRawText().Length, 0, MaxAnswerBytes);
    }

    [Fact]
    public async Task What_a_stream_of_the_gateway_cannot_read_is_its_callers_doing()
    {
        using var wire = new GrpcWire(gateway.Gateway.Grpc);
        foreach (var method in (string[])["/gateway.v1.GatewayService/WatchOverview", "/gateway.v1.GatewayService/LookupOverviews"])
        {
            Assert.Equal((int)StatusCode.ResourceExhausted, (await wire.CallAsync(method, GrpcWire.Frame(new byte[(1 << 20) + 1]))).Code);
            Assert.Equal((int)StatusCode.Internal, (await wire.CallAsync(method, GrpcWire.Frame([], flag: 2))).Code);
            Assert.Equal((int)StatusCode.InvalidArgument, (await wire.CallAsync(method, GrpcWire.Frame([0xFF]))).Code);
        }

        Assert.Equal((int)StatusCode.InvalidArgument, (await wire.CallAsync("/gateway.v1.GatewayService/WatchOverview", GrpcWire.Frame([0x78, 0x01]))).Code);
    }

    private Task<HttpResponseMessage> PlaceAsync(string userId) => gateway.Rest.PostAsync("/v1/orders", Http.Body(
        $$$"""{"userId":"{{{userId}}}","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":"1","currency":"EUR"}}]}"""));

    // Some 270 KB of headers.
    private static Status Large()
    {
        var bad = new BadRequest();
        for (var i = 0; i < 1_000; i++)
            bad.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = $"lines[{i}].product_id", Description = new string('x', 100) });
        var status = new Status { Code = (int)StatusCode.InvalidArgument, Message = new string('m', 100_000) };
        status.Details.Add(Any.Pack(new ErrorInfo { Reason = "INVALID_FIELDS", Domain = "orders.v1" }));
        status.Details.Add(Any.Pack(bad));
        return status;
    }
}
