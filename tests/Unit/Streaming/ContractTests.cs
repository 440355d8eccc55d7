using Google.Protobuf.Reflection;
using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>What both ends know of a method is what its contract says.</summary>
public sealed class ContractTests
{
    private static readonly MethodDescriptor[] Methods =
        [.. new[] { UsersService.Descriptor, OrdersService.Descriptor, NotificationsService.Descriptor, GatewayService.Descriptor }.SelectMany(service => service.Methods)];

    [Fact]
    public void A_call_stream_promises_what_its_contract_says()
    {
        Assert.Equal(("users.v1.UsersService/LookupUsers", 1000, true), Of(UsersService.LookupUsers));
        Assert.Equal(("orders.v1.OrdersService/LookupOrders", 1000, true), Of(OrdersService.LookupOrders));
        Assert.Equal(("gateway.v1.GatewayService/LookupOverviews", 100, true), Of(GatewayService.LookupOverviews));

        static (string, int, bool) Of<TCall, TResult>(CallStreamMethod<TCall, TResult> method) => (method.Name, method.MaxCallsPerFrame, method.Idempotent);
    }

    [Fact]
    public void A_call_stream_whose_contract_says_nothing_is_refused()
    {
        var stream = UsersService.LookupUsers.Method;
        var silent = new Method<LookupUsersRequest, LookupUsersResponse>(stream.Type, stream.ServiceName, "WatchUsers", stream.RequestMarshaller, stream.ResponseMarshaller);

        var refused = Assert.Throws<ArgumentException>(() =>
            new CallStreamMethod<LookupUsersRequest, LookupUsersCall, LookupUsersResponse, LookupUsersResult>(silent, UsersService.Descriptor));

        Assert.Contains("users.v1.UsersService.WatchUsers", refused.Message, StringComparison.Ordinal);
        Assert.Contains("streaming.v1.call_stream", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_method_with_pages_says_that_it_reads_many_and_no_other_does() =>
        Assert.Equal(
            Methods.Where(method => method.OutputType.FindFieldByName("next_page_token") is not null).Select(method => method.FullName),
            Methods.Where(method => method.GetOptions()?.GetExtension(MethodOptionsExtensions.ReadsMany) == true).Select(method => method.FullName));

    [Fact]
    public void A_keyed_lookup_has_the_key_that_its_contract_has_as_third_field()
    {
        IKeyedLookup lookup = new LookupOrdersCall { UserId = "ada", KnownEtag = 7 };

        Assert.Equal(("ada", true, 7ul), (lookup.Key, lookup.HasKnownEtag, lookup.KnownEtag));
    }

    [Fact]
    public void Every_event_stream_takes_the_one_subscription()
    {
        var streams = Methods.Where(method => method.IsServerStreaming && method.InputType.FindFieldByName("subscribe") is not null).ToList();

        Assert.Equal(4, streams.Count);
        Assert.All(streams, method => Assert.Equal(Subscription.Descriptor, method.InputType.FindFieldByName("subscribe").MessageType));
    }
}
