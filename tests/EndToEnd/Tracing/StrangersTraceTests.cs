using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Net.Client;
using Microservices.Gateway.V1;
using Microservices.Tests.Support;
using Microservices.Tests.Support.Otlp;
using Xunit;

namespace Microservices.Tests.EndToEnd.Tracing;

/// <summary>Callers that set the sampled flag, in a suite that records nothing of its own accord.</summary>
public sealed class StrangersTraceTests
{
    private const int Requests = 200;

    // Of Tracing:MaxFlaggedPerSecond, by default.
    private const int Share = 5;
    private static readonly string[] Services = ["gateway", "users"];

    [FactNeeding(Need.RedisServer)]
    public async Task Who_sets_the_sampled_flag_on_everything_has_its_share_recorded_and_another_caller_all_of_its_own()
    {
        var suite = await TracedSuite.StartAsync(null, ("OTEL_TRACES_SAMPLER", "parentbased_always_off"));
        try
        {
            var userId = await suite.NewUserAsync();
            var (bad, good) = (new HashSet<string>(), new HashSet<string>());
            using var handler = From("127.0.0.2");
            using var greedy = new HttpClient(handler, disposeHandler: false) { BaseAddress = suite.Rest.BaseAddress };
            using var channel = GrpcChannel.ForAddress(suite["gateway"], new GrpcChannelOptions { HttpHandler = handler });

            var start = Stopwatch.GetTimestamp();
            var flood = Task.WhenAll(FloodAsync(greedy, userId, bad), FloodAsync(new GatewayService.GatewayServiceClient(channel), userId, bad));
            for (var i = 0; i < Share; i++)
                good.Add(await UserAsync(suite.Rest, userId));
            await flood;
            // A second that has begun counts, too.
            var seconds = Math.Ceiling(Stopwatch.GetElapsedTime(start).TotalSeconds) + 1;

            foreach (var trace in good)
            {
                foreach (var service in Services)
                    await suite.SpanAsync($"what {service} did for the good caller", s => s.Service == service && s.TraceId == trace && s.Kind == SpanKind.Server);
            }

            // In the next second, the latest, something is recorded again; what a process recorded before that was sent before it.
            var last = new HashSet<string>();
            await Eventually.UntilAsync(
                async () =>
                {
                    last.Add(await UserAsync(suite.Rest, userId));
                    return Services.All(service => suite.Collector.Spans.Any(s => s.Service == service && last.Contains(s.TraceId)));
                },
                "the last spans have come");
            var recorded = suite.Collector.Spans.Where(s => bad.Contains(s.TraceId)).ToList();
            var entered = recorded.Where(s => s.Service == "gateway" && s.Kind == SpanKind.Server).Select(s => s.TraceId).ToHashSet();
            Assert.InRange(entered.Count, 1, Share * seconds);
            Assert.Subset(entered, recorded.Select(s => s.TraceId).ToHashSet());
        }
        finally
        {
            await suite.DisposeAsync();
        }
    }

    private static async Task FloodAsync(HttpClient rest, string userId, HashSet<string> traces)
    {
        for (var i = 0; i < Requests; i++)
        {
            var trace = await UserAsync(rest, userId);
            lock (traces)
                traces.Add(trace);
        }
    }

    private static async Task FloodAsync(GatewayService.GatewayServiceClient gateway, string userId, HashSet<string> traces)
    {
        using var stream = gateway.LookupOverviews();
        for (var i = 1; i <= Requests; i++)
        {
            var trace = new CallersTrace();
            lock (traces)
                traces.Add(trace.Id);
            await stream.RequestStream.WriteAsync(new LookupOverviewsRequest
            {
                Calls = { new LookupOverviewsCall { CallId = (ulong)i, Overview = new GetOverviewRequest { UserId = userId }, TraceContext = ByteString.CopyFrom(trace.Context) } },
            });
            for (var answered = false; !answered; answered = stream.ResponseStream.Current.Results.Count > 0)
                Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
        }

        await stream.RequestStream.CompleteAsync();
    }

    private static async Task<string> UserAsync(HttpClient rest, string userId)
    {
        var trace = new CallersTrace();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/{userId}") { Headers = { { "traceparent", trace.Header } } };
        using var response = await rest.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return trace.Id;
    }

    private static HttpMessageHandler From(string address) => Tokens.Bearer(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });
}
