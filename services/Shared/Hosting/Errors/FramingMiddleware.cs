using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Microservices.Hosting.Errors;

/// <summary>
/// Answers requests that break gRPC's framing with the statuses that gRPC defines for them. Without it, a frame with an unknown flag or an
/// impossible length, and a timeout that cannot be parsed, would be UNKNOWN "Exception was thrown by handler", each with a stack trace in the
/// log. Streams read their frames themselves (<see cref="RequestFraming"/>, <see cref="RequestReader{T}"/>); this is for methods whose single
/// request gRPC reads before any code of ours runs.
/// </summary>
internal sealed class FramingMiddleware(RequestDelegate next)
{
    private const int MaxTimeoutDigits = 8;
    private const int MaxNameLength = 100;
    private const int HeaderBytes = 5;

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not { } grpc)
            return next(context);
        if (Refused(context.Request.Headers) is { } refused)
        {
            TrailersOnly.Answer(context, new Google.Rpc.Status { Code = (int)refused.Code, Message = refused.Message });
            return Task.CompletedTask;
        }

        if (grpc.Method.Type is MethodType.Unary or MethodType.ServerStreaming)
            context.Features.Set<IRequestBodyPipeFeature>(new FirstFrame(context.Request.BodyReader));
        return next(context);
    }

    // gRPC itself would fail on the first, and repeat the other two in its answer, however long they are.
    private static (StatusCode Code, string Message)? Refused(IHeaderDictionary headers) =>
        headers.TryGetValue("grpc-timeout", out var timeout) && !IsTimeout(timeout.ToString())
            ? (StatusCode.InvalidArgument, "grpc-timeout must be at most 8 digits and one of H, M, S, m, u, n.")
        : headers.TryGetValue("grpc-encoding", out var encoding) && encoding.ToString().Length > MaxNameLength
            ? (StatusCode.Unimplemented, "Unsupported grpc-encoding. Supported encodings: gzip")
        : headers.ContentType.ToString().Length > MaxNameLength
            ? (StatusCode.Internal, "Content-Type must be application/grpc.")
        : null;

    // "At most 8 digits", and a unit.
    private static bool IsTimeout(ReadOnlySpan<char> value) =>
        value.Length is >= 2 and <= MaxTimeoutDigits + 1
        && value[^1] is 'H' or 'M' or 'S' or 'm' or 'u' or 'n'
        && !value[..^1].ContainsAnyExceptInRange('0', '9');

    private static Status ProblemOf(in ReadOnlySequence<byte> message)
    {
        if (message.Length < HeaderBytes)
            return default;
        Span<byte> header = stackalloc byte[HeaderBytes];
        message.Slice(0, HeaderBytes).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        return header[0] > 1 ? RequestFraming.Corrupt : length > int.MaxValue ? RequestFraming.TooLarge : default;
    }

    /// <summary>The body of a request that is one message: looks at the first five bytes, once, and says when the caller is gone.</summary>
    private sealed class FirstFrame(PipeReader body) : PipeReader, IRequestBodyPipeFeature
    {
        private bool isChecked;

        PipeReader IRequestBodyPipeFeature.Reader => this;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                var read = body.ReadAsync(cancellationToken);
                return read.IsCompletedSuccessfully ? new(Checked(read.Result)) : CheckAsync(read);
            }
            catch (Exception exception) when (IsGone(exception))
            {
                throw Gone();
            }
        }

        public override bool TryRead(out ReadResult result)
        {
            try
            {
                if (!body.TryRead(out result))
                    return false;
            }
            catch (Exception exception) when (IsGone(exception))
            {
                throw Gone();
            }

            result = Checked(result);
            return true;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            try
            {
                body.AdvanceTo(consumed, examined);
            }
            catch (Exception exception) when (IsGone(exception))
            {
                throw Gone();
            }
        }

        public override void CancelPendingRead() => body.CancelPendingRead();

        public override void Complete(Exception? exception = null) => body.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => body.CompleteAsync(exception);

        private async ValueTask<ReadResult> CheckAsync(ValueTask<ReadResult> read)
        {
            try
            {
                return Checked(await read);
            }
            catch (Exception exception) when (IsGone(exception))
            {
                throw Gone();
            }
        }

        // The server may notice it at any of these calls, also when the whole message is there.
        private static bool IsGone(Exception exception) => exception is IOException or OperationCanceledException;

        // gRPC would log it as a failure of the service.
        private static RpcException Gone() => new(new Status(StatusCode.Cancelled, "The caller hung up."));

        private ReadResult Checked(ReadResult read)
        {
            if (isChecked || read.Buffer.Length < HeaderBytes)
                return read;
            isChecked = true;
            var wrong = ProblemOf(read.Buffer);
            if (wrong.StatusCode == StatusCode.OK)
                return read;
            body.AdvanceTo(read.Buffer.Start);
            throw new RpcException(wrong);
        }
    }
}
