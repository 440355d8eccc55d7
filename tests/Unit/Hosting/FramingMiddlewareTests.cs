using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf.WellKnownTypes;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Microservices.Tests.Unit.Hosting;

public sealed class FramingMiddlewareTests
{
    /// <summary>Where a server tells that the caller is gone; the whole message may have arrived before.</summary>
    public enum Told
    {
        AtRead,
        WhileItReads,
        AtTryRead,
        AtAdvance,
    }

    /// <summary>gRPC would log any other exception as a failure of the service.</summary>
    [Theory]
    [InlineData(Told.AtRead, true)]
    [InlineData(Told.AtRead, false)]
    [InlineData(Told.WhileItReads, true)]
    [InlineData(Told.WhileItReads, false)]
    [InlineData(Told.AtTryRead, true)]
    [InlineData(Told.AtTryRead, false)]
    [InlineData(Told.AtAdvance, true)]
    [InlineData(Told.AtAdvance, false)]
    public async Task A_caller_that_is_gone_has_cancelled_its_call_wherever_the_server_tells_it(Told told, bool isReset)
    {
        Exception gone = isReset ? new IOException("The request stream was aborted.") : new OperationCanceledException();
        var method = new Method<Empty, Empty>(MethodType.Unary, "test.v1.TestService", "Test", Marshallers.Create(_ => [], _ => new Empty()), Marshallers.Create(_ => [], _ => new Empty()));
        var context = new DefaultHttpContext();
        context.Features.Set<IRequestBodyPipeFeature>(new Body(told, gone));
        context.SetEndpoint(new Endpoint(null, new(new GrpcMethodMetadata(typeof(FramingMiddlewareTests), method)), null));

        var error = await Assert.ThrowsAsync<RpcException>(() => new FramingMiddleware(ReadAsync).InvokeAsync(context));

        Assert.Equal(StatusCode.Cancelled, error.StatusCode);

        async Task ReadAsync(HttpContext http)
        {
            var body = http.Request.BodyReader;
            if (told == Told.AtTryRead)
                body.TryRead(out _);
            var read = await body.ReadAsync();
            body.AdvanceTo(read.Buffer.End);
        }
    }

    /// <summary>An empty message, in a frame, of a caller that is gone.</summary>
    private sealed class Body(Told told, Exception gone) : PipeReader, IRequestBodyPipeFeature
    {
        private static readonly ReadResult Message = new(new ReadOnlySequence<byte>(new byte[5]), isCanceled: false, isCompleted: true);

        public PipeReader Reader => this;

        public override bool TryRead(out ReadResult result)
        {
            result = told == Told.AtTryRead ? throw gone : Message;
            return true;
        }

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => told switch
        {
            Told.AtRead => throw gone,
            Told.WhileItReads => ThrowAsync(),
            _ => new(Message),
        };

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            if (told == Told.AtAdvance)
                throw gone;
        }

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        private async ValueTask<ReadResult> ThrowAsync()
        {
            await Task.Yield();
            throw gone;
        }
    }
}
