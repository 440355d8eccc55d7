using System.IO.Compression;
using Grpc.Core;
using Grpc.Net.Compression;
using Microservices.Streaming.V1;

namespace Microservices.Hosting.Errors;

/// <summary>gzip as gRPC implements it, except that corrupt data, which is the caller's doing, is INTERNAL as gRPC's statuscodes.md says. Thread-safe.</summary>
internal sealed class CheckedGzip : ICompressionProvider
{
    public string EncodingName => "gzip";

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        new GZipStream(stream, compressionLevel ?? CompressionLevel.Fastest, leaveOpen: true);

    public Stream CreateDecompressionStream(Stream stream) => new CheckedStream(stream);

    private sealed class CheckedStream(Stream compressed) : Stream
    {
        private readonly GZipStream gzip = new(compressed, CompressionMode.Decompress, leaveOpen: true);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            try
            {
                return gzip.Read(buffer);
            }
            catch (InvalidDataException)
            {
                throw new RpcException(RequestFraming.Corrupt);
            }
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                gzip.Dispose();
            base.Dispose(disposing);
        }
    }
}
