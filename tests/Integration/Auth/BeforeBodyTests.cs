using System.Net;
using System.Net.Http.Headers;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Auth;

/// <summary>Who may not call makes a process read nothing.</summary>
public sealed class BeforeBodyTests(Backends backends) : IClassFixture<Backends>
{
    [Theory]
    [InlineData(null, "16")]
    [InlineData("no token", "16")]
    [InlineData("a user's", "7")]
    public async Task Who_may_not_call_is_told_so_while_the_message_is_still_on_its_way(string? token, string status)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        using var message = new UnfinishedMessage();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{backends.UsersHost.Grpc}/users.v1.UsersService/ListUsers")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = message,
        };
        if (token is not null)
            request.Headers.TryAddWithoutValidation("authorization", $"Bearer {(token == "a user's" ? Tokens.Authority.Person("ada") : token)}");

        using var response = await http.SendAsync(request, default).WaitAsync(Eventually.Timeout);

        Assert.Equal(status, Assert.Single(response.Headers.GetValues("grpc-status")));
        Assert.Equal("auth", Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(Assert.Single(response.Headers.GetValues("grpc-status-details-bin")))).GetDetail<Google.Rpc.ErrorInfo>()!.Domain);
    }

    /// <summary>The beginning of a message of 1 MiB, whose end never comes.</summary>
    private sealed class UnfinishedMessage : HttpContent
    {
        public UnfinishedMessage() => Headers.ContentType = new MediaTypeHeaderValue("application/grpc");

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(GrpcWire.Frame(new byte[1000], length: 1 << 20));
            await stream.FlushAsync();
            await Task.Delay(Timeout.Infinite);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
