using System.Diagnostics;
using Grpc.Core;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A call that a fake has received and holds until the test, or the caller, ends it.</summary>
internal sealed class HeldCall
{
    private readonly TaskCompletionSource<ServerCallContext> arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<long> cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the call has come.</summary>
    public Task<ServerCallContext> Arrived => arrived.Task.WaitAsync(Eventually.Timeout);

    /// <summary>Completes when the backend sees that the caller has cancelled: at which timestamp of Stopwatch.</summary>
    public Task<long> Cancelled => cancelled.Task.WaitAsync(Eventually.Timeout);

    public void Release() => released.TrySetResult();

    /// <summary>What the fake does: holds the call.</summary>
    public async Task HoldAsync(ServerCallContext context)
    {
        arrived.TrySetResult(context);
        try
        {
            await released.Task.WaitAsync(context.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            cancelled.TrySetResult(Stopwatch.GetTimestamp());
            throw;
        }
    }
}
