using System.IO.Compression;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>What is not gRPC, or not of the contract, is the caller's error: said by the right status, with no word in the log.</summary>
public sealed class FramingTests(Backends backends) : IClassFixture<Backends>
{
    private const string Unary = "/users.v1.UsersService/GetUser";
    private const string Events = "/users.v1.UsersService/WatchUsers";
    private const string Calls = "/users.v1.UsersService/LookupUsers";
    private const string Commands = "/orders.v1.OrdersService/PlaceOrders";
    private const string Health = "/grpc.health.v1.Health/Check";
    private const string List = "/grpc.health.v1.Health/List";
    private const string Watch = "/grpc.health.v1.Health/Watch";
    private const string Reflection = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

    private static readonly string[] Methods = [Unary, Events, Calls, Commands, Health, List, Watch, Reflection];

    public static TheoryData<string, string, StatusCode[]> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, StatusCode[]>();
            foreach (var method in Methods)
            {
                cases.Add(method, "flag 2", [StatusCode.Internal]);
                cases.Add(method, "flag 255", [StatusCode.Internal]);
                cases.Add(method, "length 2^31", [StatusCode.ResourceExhausted]);
                cases.Add(method, "length 2^32-1", [StatusCode.ResourceExhausted]);
                cases.Add(method, "too large", [StatusCode.ResourceExhausted]);
                cases.Add(method, "corrupt gzip", [StatusCode.Internal]);
                cases.Add(method, "cut gzip", [StatusCode.Internal, StatusCode.InvalidArgument]);
                cases.Add(method, "bomb", [StatusCode.ResourceExhausted]);
                cases.Add(method, "no encoding", [StatusCode.Internal]);
                cases.Add(method, "unknown encoding", [StatusCode.Unimplemented]);
                cases.Add(method, "long encoding", [StatusCode.Unimplemented]);
                cases.Add(method, "long content type", [StatusCode.Internal]);
                cases.Add(method, "cut frame", [StatusCode.Internal]);
                cases.Add(method, "not protobuf", [StatusCode.InvalidArgument]);
                cases.Add(method, "timeout 999999999H", [StatusCode.InvalidArgument]);
                cases.Add(method, "timeout 1x", [StatusCode.InvalidArgument]);
                cases.Add(method, "timeout -1S", [StatusCode.InvalidArgument]);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_request_that_cannot_be_read_has_the_status_that_gRPC_has_for_it_and_no_line_in_the_log(string method, string what, StatusCode[] expected)
    {
        var host = method == Commands ? backends.OrdersHost.Services : backends.UsersHost.Services;
        using var log = new CapturedLog();
        host.GetRequiredService<ILoggerFactory>().AddProvider(log);
        using var wire = new GrpcWire(method == Commands ? backends.OrdersHost.Grpc : backends.UsersHost.Grpc);
        var (body, headers) = Make(what);

        var answer = await wire.CallAsync(method, body, headers);

        Assert.Contains((StatusCode)answer.Code, expected);
        Assert.DoesNotContain("needs", answer.Message, StringComparison.Ordinal);
        Assert.InRange(answer.HeaderBytes, 1, 8 * 1024);
        Assert.Empty(log.Lines);
    }

    [Theory]
    [InlineData("99999999H")]
    [InlineData("99999999M")]
    [InlineData("99999999n")]
    [InlineData("10S")]
    public async Task A_timeout_that_gRPC_allows_is_taken(string timeout)
    {
        using var wire = new GrpcWire(backends.UsersHost.Grpc);

        var answer = await wire.CallAsync(Unary, GrpcWire.Frame(new GetUserRequest { UserId = "nobody" }.ToByteArray()), ("grpc-timeout", timeout));

        Assert.Contains((StatusCode)answer.Code, (StatusCode[])[StatusCode.NotFound, StatusCode.DeadlineExceeded]);
    }

    [Theory]
    [InlineData("/users.v1.UsersService/WatchUsers")]
    [InlineData("/orders.v1.OrdersService/WatchOrders")]
    public async Task A_frame_that_says_nothing_or_nothing_that_is_known_ends_an_event_stream_with_INVALID_ARGUMENT(string method)
    {
        using var wire = new GrpcWire(method.Contains("Orders", StringComparison.Ordinal) ? backends.OrdersHost.Grpc : backends.UsersHost.Grpc);

        foreach (var frame in (byte[][])[[], [0x78, 0x01], [0xFA, 0x3F, 0x01, 0x61]])
        {
            var answer = await wire.CallAsync(method, GrpcWire.Frame(frame));

            Assert.Equal((int)StatusCode.InvalidArgument, answer.Code);
            Assert.Equal("A frame must have one of subscribe, unsubscribe, ack, heartbeat and authenticate.", answer.Message);
        }
    }

    [Fact]
    public async Task What_a_service_behind_says_is_still_told_from_what_the_caller_did()
    {
        await using var orders = await backends.OrdersWithoutUsersAsync();
        using var stream = new Microservices.Orders.V1.OrdersService.OrdersServiceClient(orders.Channel).PlaceOrders();
        await stream.RequestStream.WriteAsync(new() { Reference = "one", Command = Backends.AnOrder("ada") });

        Assert.True(await stream.ResponseStream.MoveNext(default));
        Assert.Equal((int)StatusCode.Unavailable, stream.ResponseStream.Current.Error.Code);
    }

    private static (byte[] Body, (string, string)[] Headers) Make(string what)
    {
        var good = new byte[] { 0x0A, 0x00 };
        return what switch
        {
            "flag 2" => (GrpcWire.Frame(good, flag: 2), []),
            "flag 255" => (GrpcWire.Frame(good, flag: 255), []),
            "length 2^31" => (GrpcWire.Frame(good, length: 1u << 31), []),
            "length 2^32-1" => (GrpcWire.Frame(good, length: uint.MaxValue), []),
            "too large" => (GrpcWire.Frame(new byte[(1 << 20) + 1]), []),
            "corrupt gzip" => (GrpcWire.Frame([1, 2, 3, 4, 5, 6, 7, 8, 9], flag: 1), [("grpc-encoding", "gzip")]),
            "cut gzip" => (GrpcWire.Frame(Gzip(new byte[10_000])[..20], flag: 1), [("grpc-encoding", "gzip")]),
            "bomb" => (GrpcWire.Frame(Gzip(new byte[100_000_000]), flag: 1), [("grpc-encoding", "gzip")]),
            "no encoding" => (GrpcWire.Frame(good, flag: 1), []),
            "unknown encoding" => (GrpcWire.Frame(good, flag: 1), [("grpc-encoding", "zstd")]),
            "long encoding" => (GrpcWire.Frame(good, flag: 1), [("grpc-encoding", new string('%', 20_000))]),
            "long content type" => (GrpcWire.Frame(good), [("content-type", "application/" + new string('x', 20_000))]),
            "cut frame" => (GrpcWire.Frame(good, length: 100), []),
            "not protobuf" => (GrpcWire.Frame([0xFF, 0xFF, 0xFF]), []),
            _ => (GrpcWire.Frame(good), [("grpc-timeout", what["timeout ".Length..])]),
        };
    }

    private static byte[] Gzip(byte[] data)
    {
        using var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.Fastest))
            gzip.Write(data);
        return to.ToArray();
    }
}
