using System.IO.Compression;
using Google.Protobuf;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>Bytes or a text, as small as they can be.</summary>
internal sealed class Compress : JobKind<CompressInput, CompressOutput>
{
    private const int BytesAtOnce = 4 << 10;

    protected override void Check(CompressInput input, FieldViolations violations)
    {
        if (!Enum.IsDefined(input.Format))
            violations.Add("input.format", "must be one that there is, or unspecified for BROTLI");
    }

    protected override CompressOutput Do(CompressInput input, JobProgress progress, CancellationToken cancellationToken)
    {
        var data = (input.ContentCase == CompressInput.ContentOneofCase.Text ? ByteString.CopyFromUtf8(input.Text) : input.Data).Memory;
        using var compressed = new MemoryStream();
        using (var stream = Compressor(input.Format, compressed))
        {
            for (var done = 0; done < data.Length; done += BytesAtOnce)
            {
                cancellationToken.ThrowIfCancellationRequested();
                stream.Write(data.Span.Slice(done, Math.Min(BytesAtOnce, data.Length - done)));
                progress.Report(done, data.Length);
            }
        }

        return new CompressOutput { Data = ByteString.CopyFrom(compressed.GetBuffer(), 0, (int)compressed.Length), UncompressedBytes = data.Length };
    }

    private static Stream Compressor(CompressionFormat format, Stream to) => format switch
    {
        CompressionFormat.Gzip => new GZipStream(to, CompressionLevel.SmallestSize, leaveOpen: true),
        CompressionFormat.Zlib => new ZLibStream(to, CompressionLevel.SmallestSize, leaveOpen: true),
        _ => new BrotliStream(to, CompressionLevel.SmallestSize, leaveOpen: true),
    };
}
