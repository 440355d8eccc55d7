using System.Buffers;
using System.IO.Pipelines;

namespace Microservices.Gateway.Rest;

/// <summary>
/// The output of a connection: what the server writes, or, once it is replaced, one answer in place of everything that the server writes from
/// then on. Not thread-safe: the server writes one thing at a time.
/// </summary>
internal sealed class ReplaceableOutput(PipeWriter inner) : PipeWriter
{
    private byte[]? answer;
    private byte[] unread = [];
    private bool isWritten;

    /// <summary>Whether what the server writes is discarded.</summary>
    public bool IsReplaced => answer is not null;

    /// <summary>Writes this instead of the answer that the server is about to write, and nothing after it. The first one counts.</summary>
    public void Replace(byte[] with) => answer ??= with;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    /// <inheritdoc/>
    public override long UnflushedBytes => inner.UnflushedBytes;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0) => IsReplaced ? Unread(sizeHint) : inner.GetMemory(sizeHint);

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => IsReplaced ? Unread(sizeHint) : inner.GetSpan(sizeHint);

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        if (!IsReplaced)
            inner.Advance(bytes);
    }

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        WriteAnswer();
        return inner.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private void WriteAnswer()
    {
        if (answer is null || isWritten)
            return;
        isWritten = true;
        inner.Write(answer);
    }

    private byte[] Unread(int sizeHint)
    {
        if (unread.Length < Math.Max(sizeHint, 1))
            unread = new byte[Math.Max(sizeHint, 4096)];
        return unread;
    }
}
