using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Hosting.Tls;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Tls;

/// <summary>Certificates and authorities that are replaced under open streams: SUITE_TLS_STREAMS of them, each on a connection of its own.</summary>
public sealed class RotationTests
{
    private static readonly int Streams = int.TryParse(Environment.GetEnvironmentVariable("SUITE_TLS_STREAMS"), out var count) ? count : 50;

    [Fact]
    public async Task Certificate_and_authority_are_replaced_under_open_streams_none_is_dropped_and_new_connections_have_the_new_ones()
    {
        using var hosts = new TlsHosts();
        using var next = new TestCa();
        await hosts.InitializeAsync();
        var gateway = hosts.Ca.Issue("gateway");
        var open = new List<(GrpcChannel Channel, AsyncDuplexStreamingCall<WatchUsersRequest, WatchUsersResponse> Stream)>();
        try
        {
            for (var i = 0; i < Streams; i++)
            {
                var channel = hosts.ChannelTo(hosts.Users.Grpc, Tokens.Authority.Workload("gateway", TimeSpan.FromHours(1)), gateway);
                var stream = new UsersService.UsersServiceClient(channel).WatchUsers();
                open.Add((channel, stream));
                await stream.RequestStream.WriteAsync(new() { Subscribe = new() { SubscriptionId = 1 } });
                Assert.True(await stream.ResponseStream.MoveNext(default));
            }

            await EachGetsAnEventAsync();

            // As one replaces an authority: believe both, then change certificates, then believe the new one alone.
            await ReplaceAsync(hosts.UsersFiles.Read(), hosts.Ca.Pem + next.Pem);
            await EachGetsAnEventAsync();
            await ReplaceAsync(next.Issue("users"), hosts.Ca.Pem + next.Pem);
            await EachGetsAnEventAsync();
            Assert.Equal(next.Name, await IssuerAsync());
            await ReplaceAsync(next.Issue("users"), next.Pem);
            await EachGetsAnEventAsync();

            // New connections: those of the old authority are refused, those of the new one taken.
            using var old = NewChannel(gateway);
            await Assert.ThrowsAsync<RpcException>(async () => await new UsersService.UsersServiceClient(old).ListChangedUsersAsync(new()));
            using var fresh = NewChannel(next.Issue("gateway"));
            await new UsersService.UsersServiceClient(fresh).ListChangedUsersAsync(new());
        }
        finally
        {
            foreach (var (channel, stream) in open)
            {
                stream.Dispose();
                channel.Dispose();
            }

            await hosts.DisposeAsync();
        }

        async Task ReplaceAsync((string Certificate, string Key) own, string authorities)
        {
            var files = hosts.Users.Services.GetRequiredService<TlsFiles>();
            var before = files.Current;
            hosts.UsersFiles.Replace(own, authorities);
            await Eventually.UntilAsync(() => !ReferenceEquals(files.Current, before), "the files are read again");
        }

        async Task EachGetsAnEventAsync()
        {
            await new UsersService.UsersServiceClient(NewOwnChannel()).CreateUserAsync(new() { DisplayName = "Ada Lovelace", Email = $"{Guid.NewGuid():N}@example.com" });
            using var timeout = new CancellationTokenSource(Eventually.Timeout);
            await Task.WhenAll(open.Select(async watcher =>
            {
                do
                    Assert.True(await watcher.Stream.ResponseStream.MoveNext(timeout.Token), "the stream goes on");
                while (watcher.Stream.ResponseStream.Current.Events is null);
            }));
        }

        // Believes both, so that the test's own calls go on.
        GrpcChannel NewOwnChannel() => NewChannel(null, Tokens.Authority.Operator());

        GrpcChannel NewChannel((string Certificate, string Key)? own, string? token = null)
        {
            var handler = hosts.Handler(own);
            handler.SslOptions.CertificateChainPolicy!.CustomTrustStore.ImportFromPem(next.Pem);
            return GrpcChannel.ForAddress(hosts.Users.Grpc, new GrpcChannelOptions { HttpHandler = Tokens.Bearer(handler, token ?? Tokens.Authority.Workload("gateway")), DisposeHttpClient = true });
        }

        async Task<string> IssuerAsync()
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, new Uri(hosts.Users.Grpc).Port);
            await using var tls = new SslStream(client.GetStream());
            var options = hosts.Handler().SslOptions;
            options.CertificateChainPolicy!.CustomTrustStore.ImportFromPem(next.Pem);
            options.TargetHost = "localhost";
            await tls.AuthenticateAsClientAsync(options);
            return ((X509Certificate2)tls.RemoteCertificate!).Issuer;
        }
    }
}
