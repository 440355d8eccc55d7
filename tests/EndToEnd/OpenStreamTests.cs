using System.Net;
using System.Net.Http.Headers;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>What clients hold open while the suite stops.</summary>
public sealed class OpenStreamTests
{
    // An empty message: one byte for not compressed, four for the length.
    private static readonly byte[] EmptyMessage = new byte[5];

    [Fact]
    public async Task Streams_that_clients_hold_open_do_not_keep_the_suite_from_stopping()
    {
        await using var suite = await Suite.StartAsync();
        using var http = new HttpClient(Tokens.Bearer(new SocketsHttpHandler(), _ => suite.OperatorAsync()));
        using var hold = new CancellationTokenSource();
        using var users = await OpenAsync(http, Suite.Users, "grpc.health.v1.Health/Watch", new ByteArrayContent(EmptyMessage));
        using var orders = await OpenAsync(http, Suite.Orders, "grpc.health.v1.Health/Watch", new ByteArrayContent(EmptyMessage));
        using var commands = await OpenAsync(http, Suite.Orders, "orders.v1.OrdersService/PlaceOrders", new HeldOpen(hold.Token));
        // An answer that has ended already would say so in its headers.
        Assert.All([users, orders, commands], answer => Assert.False(answer.Headers.Contains("grpc-status")));

        Assert.Equal(0, await suite.StopAsync());
        // A service that was killed would not have ended them in good order.
        foreach (var answer in new[] { users, orders })
        {
            await answer.Content.ReadAsByteArrayAsync();
            Assert.True(answer.TrailingHeaders.Contains("grpc-status"));
        }

        await hold.CancelAsync();
    }

    // Returns once the server has said that the stream is open.
    private static Task<HttpResponseMessage> OpenAsync(HttpClient http, string address, string method, HttpContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        var request = new HttpRequestMessage(HttpMethod.Post, $"{address}/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers = { TE = { new TransferCodingWithQualityHeaderValue("trailers") } },
            Content = content,
        };
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Eventually.Timeout);
    }

    // A client's side of a stream that says nothing and does not end.
    private sealed class HeldOpen(CancellationToken hold) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync(CancellationToken.None);
            await Task.Delay(Timeout.InfiniteTimeSpan, hold).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
