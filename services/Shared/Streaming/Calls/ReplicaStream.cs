using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Runs one stream to one replica: a loop that reads and a loop that writes, neither waiting for the other. Whatever is queued while
/// a frame is being written goes into the next one.
/// </summary>
internal sealed class ReplicaStream<TCall, TResult>(StreamTable<TCall, TResult> streams, ReplicaConnection<TCall, TResult> connection, object replica) : IDisposable
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly CancellationTokenSource _abort = new();

    internal StreamLink<TCall, TResult> Link { get; } = new(replica);

    /// <summary>Runs until the stream has ended and all its calls are elsewhere. Returns why it ended; null for good order. Never throws.</summary>
    internal async Task<Exception?> RunAsync()
    {
        try
        {
            using var transport = await connection.OpenAsync(_abort.Token);
            await using var abort = _abort.Token.UnsafeRegister(static t => ((CallTransport<TCall, TResult>)t!).Dispose(), transport);
            var write = WriteAsync(transport);
            var broken = await ReadAsync(transport);
            // Nobody answers any more. Disposing ends a write that waits for the callee to read.
            streams.Break(Link);
            transport.Dispose();
            return broken ?? await write;
        }
        catch (Exception e)
        {
            return e;
        }
        finally
        {
            streams.Break(Link);
        }
    }

    /// <summary>Ends the stream at once.</summary>
    internal Task AbortAsync() => _abort.CancelAsync();

    /// <summary>Frees what is left after <see cref="RunAsync"/> has completed.</summary>
    public void Dispose() => _abort.Dispose();

    private async Task<Exception?> ReadAsync(CallTransport<TCall, TResult> transport)
    {
        try
        {
            while (await transport.ReadAsync())
                streams.OnFrame(Link, transport.Results, transport.Control);
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private async Task<Exception?> WriteAsync(CallTransport<TCall, TResult> transport)
    {
        try
        {
            while (true)
            {
                switch (streams.TakeFrame(Link, transport.Calls, transport.CancelCallIds, transport.Bind))
                {
                    case WriterStep.Write:
                        await transport.WriteAsync();
                        break;
                    case WriterStep.Wait:
                        await Link.Work.WaitAsync();
                        break;
                    case WriterStep.Complete:
                        await transport.CompleteAsync();
                        return null;
                    default:
                        return null;
                }
            }
        }
        catch (Exception e)
        {
            // Without a writer the stream is of no use; the reader must learn of it.
            transport.Dispose();
            return e;
        }
    }
}
