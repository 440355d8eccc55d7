using System.Diagnostics;
using System.Net;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Xunit.Abstractions;

namespace Microservices.Tests.Integration.Identity;

/// <summary>Streams of a session end with it, at every replica, and no others do.</summary>
public sealed class RevokedStreamTests(RevocationHost host, ITestOutputHelper output) : IClassFixture<RevocationHost>
{
    private const string Scopes = "openid users.read orders.read orders.write notifications.read";
    private const int Streams = 200;

    [Fact]
    public async Task Event_streams_call_streams_and_events_over_HTTP_of_a_session_that_ends_are_cut_and_those_of_others_go_on()
    {
        var (browser, email) = await host.NewAccountAsync();
        var other = host.NewBrowser();
        await other.SubmitAsync("/account/login", ("email", email), ("password", IdentityHost.Password));
        var (ended, kept) = (await TokenAsync(browser), await TokenAsync(other));
        var (cut, open) = (new List<Func<Task>>(), new List<Func<Task<bool>>>());
        foreach (var users in host.AllUsers)
        {
            var (revoked, going) = (await WatchAsync(RevocationHost.UsersOf(users, ended), ended), await WatchAsync(RevocationHost.UsersOf(users, kept), kept));
            var (calls, otherCalls) = (RevocationHost.UsersOf(users, ended).LookupUsers(), RevocationHost.UsersOf(users, kept).LookupUsers());
            await calls.ResponseHeadersAsync.WaitAsync(Eventually.Timeout);
            cut.Add(async () => await EndsAsync(revoked.ResponseStream));
            cut.Add(async () => await EndsAsync(calls.ResponseStream));
            open.Add(async () => await AnswersAsync(otherCalls, kept));
            open.Add(async () => await SubscribesAsync(going, kept));
        }

        foreach (var gateway in host.Gateways)
        {
            var (revoked, going) = (await EventsAsync(gateway, ended), await EventsAsync(gateway, kept));
            cut.Add(async () => Assert.Contains("event: end", await revoked.ReadToEndAsync().WaitAsync(Eventually.Timeout), StringComparison.Ordinal));
            open.Add(() => TellsAsync(going, "event: order"));
        }

        Assert.Equal(HttpStatusCode.Found, (await browser.SubmitAsync("/account", ("everywhere", "false"))).Status);

        foreach (var ending in cut)
            await ending();
        await new OrdersService.OrdersServiceClient(Microservices.Tests.Support.Tokens.Channel(host.Orders.Grpc, kept)).PlaceOrderAsync(Backends.AnOrder(SubjectOf(kept)));
        foreach (var goesOn in open)
            Assert.True(await goesOn());
    }

    [Fact]
    public async Task From_a_logout_to_the_end_of_the_last_of_200_streams_at_two_replicas_it_takes_a_moment()
    {
        var (browser, _) = await host.NewAccountAsync();
        var token = await TokenAsync(browser);
        var ends = new List<Task<long>>();
        foreach (var users in host.AllUsers)
        {
            // Kestrel's bound is 100 streams a connection: the client opens a second one.
            var client = RevocationHost.UsersOf(users, token);
            for (var i = 0; i < Streams / 2; i++)
                ends.Add(EndedAsync(await WatchAsync(client, token)));
        }

        var form = await browser.GetAsync("/account");
        var begin = Stopwatch.GetTimestamp();
        await browser.SubmitAsync("/account", form, ("everywhere", "false"));
        var committed = Stopwatch.GetElapsedTime(begin);

        var times = (await Task.WhenAll(ends)).Select(end => Stopwatch.GetElapsedTime(begin, end)).Order().ToArray();
        output.WriteLine($"The logout took {committed.TotalMilliseconds:0} ms; from its beginning to the end of {Streams} streams at 2 replicas: p50 {times[Streams / 2].TotalMilliseconds:0} ms, p99 {times[Streams * 99 / 100].TotalMilliseconds:0} ms");
        // A second, by the promise; ten times that where the machine is busy with other things.
        Assert.InRange(times[Streams * 99 / 100], TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    private static async Task<AsyncDuplexStreamingCall<WatchUsersRequest, WatchUsersResponse>> WatchAsync(UsersService.UsersServiceClient client, string token)
    {
        var stream = client.WatchUsers();
        Assert.True(await SubscribesAsync(stream, token));
        return stream;
    }

    private static async Task<bool> SubscribesAsync(AsyncDuplexStreamingCall<WatchUsersRequest, WatchUsersResponse> stream, string token)
    {
        await stream.RequestStream.WriteAsync(new WatchUsersRequest { Subscribe = new() { SubscriptionId = (uint)Random.Shared.Next(1, int.MaxValue), Key = SubjectOf(token) } });
        while (await stream.ResponseStream.MoveNext(default).WaitAsync(Eventually.Timeout))
        {
            if (stream.ResponseStream.Current.Subscribed is not null)
                return true;
        }

        return false;
    }

    private static async Task<bool> AnswersAsync(AsyncDuplexStreamingCall<LookupUsersRequest, LookupUsersResponse> stream, string token)
    {
        await stream.RequestStream.WriteAsync(new LookupUsersRequest { Calls = { new LookupUsersCall { CallId = 1, UserId = SubjectOf(token) } } });
        while (await stream.ResponseStream.MoveNext(default).WaitAsync(Eventually.Timeout))
        {
            if (stream.ResponseStream.Current.Results.Count > 0)
                return stream.ResponseStream.Current.Results[0].User is not null;
        }

        return false;
    }

    private static async Task EndsAsync<T>(IAsyncStreamReader<T> responses)
    {
        var ended = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await responses.MoveNext(default).WaitAsync(Eventually.Timeout))
            {
            }
        });
        Assert.Equal((StatusCode.Unauthenticated, "TOKEN_REVOKED"), (ended.StatusCode, ended.GetRpcStatus()!.Reason()));
    }

    private static async Task<long> EndedAsync(AsyncDuplexStreamingCall<WatchUsersRequest, WatchUsersResponse> stream)
    {
        await EndsAsync(stream.ResponseStream);
        return Stopwatch.GetTimestamp();
    }

    // Ready, once its first event has come.
    private static async Task<StreamReader> EventsAsync(Gateway.GatewayFactory gateway, string token)
    {
        var rest = RevocationHost.RestOf(gateway, token);
        var response = await rest.GetAsync($"/v1/users/{SubjectOf(token)}/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.True(await TellsAsync(reader, "event: ready"));
        return reader;
    }

    private static async Task<bool> TellsAsync(StreamReader reader, string what)
    {
        while (await reader.ReadLineAsync().WaitAsync(Eventually.Timeout) is { } line)
        {
            if (line == what)
                return true;
        }

        return false;
    }

    private static string SubjectOf(string token) => Tokens.Claims(token).Text("sub");

    private async Task<string> TokenAsync(Browser browser) => (await host.LogInAsync(browser, Tokens.Authorize(Scopes))).Text("access_token");
}
