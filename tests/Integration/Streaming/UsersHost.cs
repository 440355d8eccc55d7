using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>A replica of Users on a real socket, whose answers the test decides.</summary>
public sealed class UsersHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _drain = new();
    private int _stopped;

    private UsersHost(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    public Backend Backend { get; private set; } = null!;

    public static async Task<UsersHost> StartAsync(Backend? backend = null, int port = 0, params (string Key, string Value)[] options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(options.Select(o => KeyValuePair.Create($"CallStreams:{o.Key}", (string?)o.Value)));
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port, l => l.Protocols = HttpProtocols.Http2));
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMilliseconds(1));
        builder.Services.AddGrpc();
        builder.Services.AddCallStreamServer<LookupUsersCall, LookupUsersResult, Handler>(UsersService.LookupUsers);
        backend ??= new Backend();
        builder.Services.AddSingleton(backend);
        var app = builder.Build();
        var host = new UsersHost(app) { Backend = backend };
        backend.Drain = host._drain.Token;
        app.MapGrpcService<Service>();
        await app.StartAsync();
        host.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return host;
    }

    /// <summary>Asks every caller to leave.</summary>
    public Task DrainAsync() => _drain.CancelAsync();

    /// <summary>Cuts every connection at once.</summary>
    public async Task KillAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await _app.StopAsync(now.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Backend.Release();
        await KillAsync();
        await _app.DisposeAsync();
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

/// <summary>What a replica does with its calls, and what it has seen.</summary>
public sealed class Backend
{
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;
    private int _frames;
    private int _arrived;
    private int _streams;

    public Func<CallBatch<LookupUsersCall, LookupUsersResult>, CancellationToken, ValueTask>? Handle { get; set; }

    public CancellationToken Drain { get; set; }

    public int Calls => Volatile.Read(ref _calls);

    public int Frames => Volatile.Read(ref _frames);

    /// <summary>How many calls the frames had.</summary>
    public int Arrived => Volatile.Read(ref _arrived);

    public int Streams => Volatile.Read(ref _streams);

    public ConcurrentBag<int> Batches { get; } = [];

    public ConcurrentBag<StatusCode> StreamEnds { get; } = [];

    /// <summary>Completes when the test lets handlers go on that wait for it.</summary>
    public Task Gate => _gate.Task;

    /// <summary>Answers nothing until <see cref="Release"/>, and then each call as ever.</summary>
    public void HoldAnswers() => Handle = async (batch, _) =>
    {
        await Gate;
        batch.AnswerEach(AnswerTo);
    };

    /// <summary>Answers nothing any more; completes when a handler was cancelled.</summary>
    public Task HangUntilCancelledAsync()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Handle = async (_, token) =>
        {
            await using var registration = token.Register(() => cancelled.TrySetResult());
            await cancelled.Task;
        };
        return cancelled.Task;
    }

    public void Release() => _gate.TrySetResult();

    public void StreamOpened() => Interlocked.Increment(ref _streams);

    public void FrameArrived(int calls)
    {
        Interlocked.Increment(ref _frames);
        Interlocked.Add(ref _arrived, calls);
    }

    public static User UserOf(string id) => new() { UserId = id, DisplayName = "Name of " + id, Version = 1 };

    /// <summary>Answers by id: "missing" does not exist, "throws" makes the answer fail, everybody else is there.</summary>
    public static LookupUsersResult AnswerTo(LookupUsersCall call) => call.UserId switch
    {
        "missing" => new() { Error = new() { Code = (int)StatusCode.NotFound, Message = "No such user." } },
        "throws" => throw new InvalidOperationException("a secret"),
        _ => new() { User = UserOf(call.UserId) },
    };

    public ValueTask HandleAsync(CallBatch<LookupUsersCall, LookupUsersResult> batch, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _calls, batch.Count);
        Batches.Add(batch.Count);
        if (Handle is { } handle)
            return handle(batch, cancellationToken);
        batch.AnswerEach(AnswerTo);
        return ValueTask.CompletedTask;
    }
}
