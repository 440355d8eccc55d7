using System.Diagnostics.Metrics;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Answers the call streams of one method through its <see cref="ICallBatchHandler{TCall, TResult}"/>. Register it with
/// <see cref="CallStreamServiceCollectionExtensions"/>; the gRPC method delegates to <see cref="ServeAsync"/> in one line. A singleton;
/// thread-safe.
/// </summary>
/// <typeparam name="TCall">The message of one call.</typeparam>
/// <typeparam name="TResult">The message that answers it.</typeparam>
public sealed class CallStreamServer<TCall, TResult> : IOpenStreams
    where TCall : class, ICall
    where TResult : class, ICallResult, IMessage, new()
{
    private readonly CallStreamMethod<TCall, TResult> _method;
    private readonly CallStreamServerOptions _options;
    private readonly IServiceScopeFactory _scopes;
    private readonly CallServerMetrics _metrics;
    private readonly ICallInterceptor? _interceptor;
    private readonly IStreamAccess? _access;
    private readonly IErrorMapper _errors;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ListedStreams _open = new();

    internal CallStreamServer(
        CallStreamMethod<TCall, TResult> method,
        CallStreamServerOptions options,
        IServiceScopeFactory scopes,
        IMeterFactory meters,
        ICallInterceptor? interceptor,
        IStreamAccess? access,
        IErrorMapper errors,
        TimeProvider time,
        ILogger logger)
    {
        (_method, _options, _scopes, _interceptor, _access, _errors, _time, _logger) = (method, options, scopes, interceptor, access, errors, time, logger);
        _metrics = new(meters, method.Name);
    }

    IReadOnlyList<IStreamHandle> IOpenStreams.Open => _open.All;

    /// <summary>Serves one stream until its end.</summary>
    /// <param name="requests">The stream's reader.</param>
    /// <param name="responses">The stream's writer. Nobody else may write.</param>
    /// <param name="context">The stream's context.</param>
    /// <param name="drain">Cancelled when this process is about to leave: the caller is asked to go, and what it sent is answered.</param>
    /// <returns>
    /// Completes with the stream, whose status then is OK; INVALID_ARGUMENT after a frame with too many calls; RESOURCE_EXHAUSTED when the
    /// caller did not read; UNAUTHENTICATED when its token was revoked; UNAVAILABLE when it did not half-close in time after it was asked to; CANCELLED when it has hung up.
    /// </returns>
    public async Task ServeAsync<TRequestFrame, TResponseFrame>(
        IAsyncStreamReader<TRequestFrame> requests,
        IServerStreamWriter<TResponseFrame> responses,
        ServerCallContext context,
        CancellationToken drain = default)
        where TRequestFrame : class, ICallFrame<TCall>
        where TResponseFrame : class, ICallResultFrame<TResult>, new()
    {
        ArgumentNullException.ThrowIfNull(context);
        var rights = _access?.Of(context);
        using var stream = new CallStreamState<TCall, TResult>(_method, _options, _metrics, _time, _interceptor, context.GetHttpContext().Abort, rights);
        var workers = new BatchWorkers<TCall, TResult>(stream, _method, context, _scopes, _errors, _options.MaxConcurrentBatches, _logger);
        stream.Released = workers.Dispatch;
        var writer = new AnswerWriter<TResponseFrame, TCall, TResult>(responses, stream, _options);
        var session = new CallStreamSession<TRequestFrame, TCall, TResponseFrame, TResult>(
            requests, writer, stream, workers, _method, _options, _metrics, context, rights, _time, _logger);
        _metrics.StreamOpened();
        var listed = _open.Add(session);
        try
        {
            await session.RunAsync(drain);
        }
        catch (RpcException ending)
        {
            context.EndWith(ending);
        }
        finally
        {
            _open.Remove(listed);
            session.EndDescriptions();
            _metrics.StreamEnded();
        }
    }
}
