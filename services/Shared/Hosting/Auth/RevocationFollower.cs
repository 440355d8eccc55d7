using System.Diagnostics.Metrics;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Identity.V1;
using Microservices.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Hosting.Auth;

/// <summary>
/// Follows what the authority revokes: first all that is in force, for which the process waits before it takes calls, then what comes. When the stream ends, or is silent for too long, it
/// begins again, at whichever replica there is. Where none is, the process goes on with what it knows, and revoked tokens that it has not heard of expire by themselves.
/// </summary>
internal sealed partial class RevocationFollower(Func<GrpcChannel> connect, Revocations revocations, IMeterFactory meters, TimeProvider time, ILogger<RevocationFollower> logger) : BackgroundService
{
    // The authority says once a second that it is there.
    private static readonly TimeSpan SilenceTimeout = TimeSpan.FromSeconds(5);

    // A process that starts while the authority cannot be reached serves all the same.
    private static readonly TimeSpan FirstTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(1);
    private readonly TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Outage outage = new(time);
    private readonly ILogger logger = logger;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        revocations.Measure(meters);
        await base.StartAsync(cancellationToken);
        await Task.WhenAny(first.Task, Task.Delay(FirstTimeout, time, cancellationToken));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var channel = connect();
        var client = new IdentityService.IdentityServiceClient(channel);
        var backoff = new Backoff(RetryDelay, MaxRetryDelay);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(client, backoff, stoppingToken);
            }
            catch (RpcException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException exception)
            {
                if (outage.Begin(isExpected: exception.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled))
                    LogAway(exception.StatusCode, exception.Status.Detail);
            }

            first.TrySetResult();
            revocations.Forget();
            await Task.Delay(backoff.Next(), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(IdentityService.IdentityServiceClient client, Backoff backoff, CancellationToken stoppingToken)
    {
        using var silent = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        silent.CancelAfter(SilenceTimeout);
        using var call = client.WatchRevocations(new WatchRevocationsRequest(), cancellationToken: silent.Token);
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            silent.CancelAfter(SilenceTimeout);
            var told = call.ResponseStream.Current;
            if (!revocations.Add(told))
                LogFull(Revocations.MaxEntries);
            revocations.Forget();
            if (told.More)
                continue;
            backoff.Reset();
            first.TrySetResult();
            if (outage.End() is { } lasted)
                LogBack(lasted);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The authority does not say which tokens are revoked ({Code}: {Cause}): tokens revoked from now on are taken until they expire")]
    private partial void LogAway(StatusCode code, string cause);

    [LoggerMessage(LogLevel.Information, "The authority says again which tokens are revoked, after {Lasted}")]
    private partial void LogBack(TimeSpan lasted);

    [LoggerMessage(LogLevel.Warning, "More than {Max} revocations are in force: tokens of those beyond are taken until they expire")]
    private partial void LogFull(int max);
}
