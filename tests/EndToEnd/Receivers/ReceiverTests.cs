using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microservices.Webhooks.V1;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Receivers;

/// <summary>The receivers that a reader of the guide copies: pushed to, they catch up by the cursor, and are pushed to again.</summary>
public sealed class ReceiverTests(ITestOutputHelper print)
{
    [FactNeeding(Need.Northwind, Need.OpenApiTools)]
    public async Task Receivers_that_fail_stall_are_killed_and_lose_their_database_end_with_exactly_the_830_orders_of_Northwind()
    {
        await using var python = new Receiver("Python");
        await using var typeScript = new Receiver("TypeScript");
        await using var csharp = new Receiver("C#");
        Receiver[] all = [python, typeScript, csharp];
        await Task.WhenAll(all.Select(receiver => receiver.BuildAsync()));
        await using var suite = await Suite.StartAsync(environment: new Dictionary<string, string> { ["Egress__AllowHttp"] = "true", ["Egress__AllowedNetworks__0"] = "127.0.0.0/8" });
        using var channel = suite.ChannelTo(Suite.Orders);
        using var usersChannel = suite.ChannelTo(Suite.Users);
        using var hooksChannel = suite.ChannelTo(Suite.Webhooks);
        var orders = new OrdersService.OrdersServiceClient(channel);
        var users = new UsersService.UsersServiceClient(usersChannel);
        var hooks = new WebhooksService.WebhooksServiceClient(hooksChannel);
        foreach (var customer in Northwind.Customers())
            await users.CreateUserAsync(customer);
        foreach (var receiver in all)
        {
            var created = await hooks.CreateEndpointAsync(new CreateEndpointRequest { OwnerId = "@everyone", Url = receiver.Url, EventTypes = { "order.placed" } });
            (receiver.EndpointId, receiver.Secret) = (created.Endpoint.EndpointId, created.Secret);
        }

        var commands = new Queue<PlaceOrderRequest>(Northwind.Orders());

        await EachAsync(async receiver => await receiver.StartAsync(await suite.OperatorAsync()));
        await PlaceAsync(200);
        await UntilSentAsync(0);
        await EachAsync(receiver => receiver.KillAsync());
        foreach (var receiver in all)
            receiver.KeepBackup();

        // They stall, and go on; then nothing they are sent is good, for want of the secret.
        await EachAsync(async receiver => await receiver.StartAsync(await suite.OperatorAsync()));
        await EachAsync(receiver => receiver.SignalAsync("STOP"));
        await PlaceAsync(150);
        await UntilSentAsync(150);
        await EachAsync(receiver => receiver.SignalAsync("CONT"));
        await UntilSentAsync(0);
        await EachAsync(receiver => receiver.KillAsync());
        await EachAsync(async receiver => await receiver.StartAsync(await suite.OperatorAsync(), "whsec_" + Convert.ToBase64String(new byte[32])));
        await PlaceAsync(100);
        await EachAsync(receiver => Eventually.UntilAsync(async () => (await DeliveriesAsync(receiver, DeliveryState.Pending)).Any(d => d.LastStatus == 401), $"{receiver.Language} refuses"));
        await EachAsync(receiver => receiver.KillAsync());

        // More is sent while nobody is there, and what was taken since the backup is lost.
        await PlaceAsync(250);
        foreach (var receiver in all)
            receiver.RestoreBackup();
        await EachAsync(async receiver => await receiver.StartAsync(await suite.OperatorAsync()));

        // One that is killed in the middle catches up as well, and what comes then is pushed again.
        var placing = PlaceAsync(65);
        await EachAsync(async receiver =>
        {
            await receiver.KillAsync();
            await receiver.StartAsync(await suite.OperatorAsync());
        });
        await placing;
        await UntilSentAsync(0);
        var back = DateTime.UtcNow;
        await PlaceAsync(commands.Count);
        await UntilSentAsync(0);
        await EachAsync(receiver => receiver.KillAsync());

        foreach (var receiver in all)
        {
            var messages = receiver.Messages();
            Assert.Equal(830, messages.Count);
            Assert.Equal(Northwind.Orders().Select(order => order.OrderId).Order(), messages.Select(message => message.GetProperty("subject").GetString()).Order());
            var last = (await DeliveriesAsync(receiver, DeliveryState.Delivered)).Where(d => d.CreateTime.ToDateTime() > back).ToList();
            Assert.All(last, delivery => Assert.Equal(204, delivery.LastStatus));
            print.WriteLine($"{receiver.Language}: {messages.Count} orders, the last {last.Count} pushed after it had caught up twice");
            Assert.Equal(65, last.Count);
        }

        async Task PlaceAsync(int count)
        {
            using var stream = orders.PlaceOrders();
            var answers = Task.Run(() => stream.ResponseStream.ReadAllAsync().AllAsync(answer => answer.Placed is not null).AsTask());
            for (; count > 0 && commands.TryDequeue(out var command); count--)
                await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = command.OrderId, Command = command });
            await stream.RequestStream.CompleteAsync();
            Assert.True(await answers);
        }

        Task EachAsync(Func<Receiver, Task> act) => Task.WhenAll(all.Select(act));

        // Also that all that was placed is a delivery by now.
        Task UntilSentAsync(int pending) => EachAsync(async receiver =>
        {
            try
            {
                await Eventually.UntilAsync(
                    async () => (await DeliveriesAsync(receiver, DeliveryState.Pending)).Count == pending
                        && (await DeliveriesAsync(receiver, DeliveryState.Delivered)).Count == 830 - commands.Count - pending,
                    $"{receiver.Language} has all but {pending}",
                    TimeSpan.FromMinutes(3));
            }
            catch (TimeoutException)
            {
                print.WriteLine($"{receiver.Language} lacks of {830 - commands.Count}: {string.Join('\n', await DeliveriesAsync(receiver, DeliveryState.Pending))}\n{receiver.Output}");
                throw;
            }
        });

        async Task<List<Delivery>> DeliveriesAsync(Receiver receiver, DeliveryState state)
        {
            var found = new List<Delivery>();
            var request = new ListDeliveriesRequest { EndpointId = receiver.EndpointId, State = state, PageSize = 500 };
            do
            {
                var page = await hooks.ListDeliveriesAsync(request);
                found.AddRange(page.Deliveries);
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
            return found;
        }
    }
}
