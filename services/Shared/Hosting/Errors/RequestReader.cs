using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Hosting.Errors;

/// <summary>
/// Reads a stream's requests, and distinguishes a bad request from a failed call to another service: both are an
/// <see cref="RpcException"/>, but the first is meant for the caller as it is (<see cref="BadRequestException"/>).
/// </summary>
internal sealed class RequestReader<T>(IAsyncStreamReader<T> requests, ServerCallContext call) : IAsyncStreamReader<T>
{
    public T Current => requests.Current;

    /// <summary>
    /// The reader for a method. Call streams and event streams read tens of thousands of frames, or wait hours for one, and handle errors
    /// themselves: theirs stays as it is.
    /// </summary>
    public static IAsyncStreamReader<T> For(IAsyncStreamReader<T> requests, ServerCallContext call) => EndsByItself ? requests : new RequestReader<T>(requests, call);

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        var next = requests.MoveNext(cancellationToken);
        return next.IsCompletedSuccessfully ? next : WaitAsync(next);
    }

    private static bool EndsByItself { get; } = typeof(T).IsAssignableTo(typeof(ICallFrame))
        || typeof(T).IsAssignableTo(typeof(IEventRequestFrame));

    private async Task<bool> WaitAsync(Task<bool> next)
    {
        try
        {
            return await next;
        }
        catch (Exception exception) when (exception is not BadRequestException && !call.CancellationToken.IsCancellationRequested
            && RequestFraming.ErrorOf(exception, call) is { } error)
        {
            throw new BadRequestException(error);
        }
    }
}
