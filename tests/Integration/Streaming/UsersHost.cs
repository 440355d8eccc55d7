using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>A replica of Users on a real socket, whose answers the test decides.</summary>
public sealed class UsersHost : IAsyncDisposable
{
    private readonly GrpcServer _server;
    private readonly CancellationTokenSource _drain;

    private UsersHost(GrpcServer server, Backend backend, CancellationTokenSource drain) => (_server, Backend, _drain) = (server, backend, drain);

    public Uri Address => _server.Address;

    public Backend Backend { get; }

    public static async Task<UsersHost> StartAsync(Backend? backend = null, int port = 0, params (string Key, string Value)[] options)
    {
        var drain = new CancellationTokenSource();
        backend ??= new Backend();
        backend.Drain = drain.Token;
        var server = await GrpcServer.StartAsync<Service>(port, options.Select(o => ($"CallStreams:{o.Key}", o.Value)), services => services
            .AddSingleton(backend)
            .AddCallStreamServer<LookupUsersCall, LookupUsersResult, Handler>(UsersService.LookupUsers));
        return new UsersHost(server, backend, drain);
    }

    /// <summary>Asks every caller to leave.</summary>
    public Task DrainAsync() => _drain.CancelAsync();

    /// <inheritdoc cref="GrpcServer.KillAsync"/>
    public Task KillAsync() => _server.KillAsync();

    public async ValueTask DisposeAsync()
    {
        Backend.Release();
        await _server.DisposeAsync();
        _drain.Dispose();
    }

    private sealed class Service(CallStreamServer<LookupUsersCall, LookupUsersResult> calls, Backend backend) : UsersService.UsersServiceBase
    {
        public override async Task LookupUsers(
            IAsyncStreamReader<LookupUsersRequest> requestStream, IServerStreamWriter<LookupUsersResponse> responseStream, ServerCallContext context)
        {
            backend.StreamOpened();
            try
            {
                await calls.ServeAsync(new CountingReader(requestStream, backend), responseStream, context, backend.Drain);
                backend.StreamEnds.Add(context.Status.StatusCode);
            }
            catch (RpcException e)
            {
                backend.StreamEnds.Add(e.StatusCode);
                throw;
            }
        }

        public override Task<GetUserResponse> GetUser(GetUserRequest request, ServerCallContext context) =>
            Task.FromResult(new GetUserResponse { User = Backend.UserOf(request.UserId) });
    }

    private sealed class CountingReader(IAsyncStreamReader<LookupUsersRequest> inner, Backend backend) : IAsyncStreamReader<LookupUsersRequest>
    {
        public LookupUsersRequest Current => inner.Current;

        public Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            return Count(inner.MoveNext(cancellationToken));

            async Task<bool> Count(Task<bool> read)
            {
                var more = await read;
                if (more)
                    backend.FrameArrived(inner.Current.Calls.Count);
                return more;
            }
        }
    }

    private sealed class Handler(Backend backend) : ICallBatchHandler<LookupUsersCall, LookupUsersResult>
    {
        public ValueTask HandleAsync(CallBatch<LookupUsersCall, LookupUsersResult> batch, CancellationToken cancellationToken) =>
            backend.HandleAsync(batch, cancellationToken);
    }
}
