using System.Net;
using BenchmarkDotNet.Attributes;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Benchmarks.Micro;

/// <summary>A lookup there and back, over a loopback socket, to a handler that answers at once; beside it the same as a unary call.</summary>
public class CallStreams
{
    private const int Many = 64;
    private static readonly User Known = new() { UserId = "u", DisplayName = "Ada Lovelace", Email = "ada@example.com", Version = 1 };
    private WebApplication server = null!;
    private ServiceProvider services = null!;
    private GrpcChannel channel = null!;
    private CallStreamClient<LookupUsersCall, LookupUsersResult> calls = null!;
    private UsersService.UsersServiceClient unary = null!;

    /// <summary>Starts a server and its clients.</summary>
    [GlobalSetup]
    public async Task SetupAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddCallStreamServer<LookupUsersCall, LookupUsersResult, Handler>(UsersService.LookupUsers);
        server = builder.Build();
        server.MapGrpcService<Service>();
        await server.StartAsync();
        var address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

        services = new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Users:Addresses:0", (string?)address)]).Build())
            .AddCallStreamClient(UsersService.LookupUsers, "Users", options => options.SingleFlight = false)
            .BuildServiceProvider();
        calls = services.GetRequiredService<CallStreamClient<LookupUsersCall, LookupUsersResult>>();
        channel = GrpcChannel.ForAddress(address);
        unary = new(channel);
        await LookupAsync();
    }

    /// <summary>Ends them.</summary>
    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        channel.Dispose();
        await services.DisposeAsync();
        await server.DisposeAsync();
    }

    /// <summary>One over the call stream, alone.</summary>
    [Benchmark]
    public async Task LookupAsync() => await calls.CallAsync(new LookupUsersCall { UserId = "u" });

    /// <summary>64 at the same time over the call stream; by call.</summary>
    [Benchmark(OperationsPerInvoke = Many)]
    public Task LookupManyAsync() => Task.WhenAll(Enumerable.Range(0, Many).Select(_ => LookupAsync()));

    /// <summary>One unary call, alone.</summary>
    [Benchmark]
    public async Task UnaryAsync() => await unary.GetUserAsync(new GetUserRequest { UserId = "u" });

    /// <summary>64 unary calls at the same time; by call.</summary>
    [Benchmark(OperationsPerInvoke = Many)]
    public Task UnaryManyAsync() => Task.WhenAll(Enumerable.Range(0, Many).Select(_ => UnaryAsync()));

    private sealed class Service(CallStreamServer<LookupUsersCall, LookupUsersResult> calls) : UsersService.UsersServiceBase
    {
        public override Task LookupUsers(IAsyncStreamReader<LookupUsersRequest> requestStream, IServerStreamWriter<LookupUsersResponse> responseStream, ServerCallContext context) =>
            calls.ServeAsync(requestStream, responseStream, context, CancellationToken.None);

        public override Task<GetUserResponse> GetUser(GetUserRequest request, ServerCallContext context) => Task.FromResult(new GetUserResponse { User = Known });
    }

    private sealed class Handler : ICallBatchHandler<LookupUsersCall, LookupUsersResult>
    {
        public ValueTask HandleAsync(CallBatch<LookupUsersCall, LookupUsersResult> batch, CancellationToken cancellationToken)
        {
            batch.AnswerEach(_ => new LookupUsersResult { User = Known });
            return ValueTask.CompletedTask;
        }
    }
}
