using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using Microservices.Jobs;
using Microservices.Jobs.V1;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>What each kind of jobs comes to.</summary>
public sealed class KindsTests
{
    [Fact]
    public void Every_kind_of_the_contract_is_done_and_has_an_output()
    {
        var contract = KindsReflection.Descriptor.MessageTypes.Select(message => message.GetOptions()?.GetExtension(KindsExtensions.Kind)).OfType<JobKind>().ToList();
        Assert.Equal(contract.Select(kind => kind.Name).Order(), JobKinds.Names.Order());
        Assert.All(contract, kind => Assert.NotNull(KindsReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.MessageDescriptor>(kind.Output)));
    }

    [Fact]
    public void Every_flow_of_the_contract_is_run_and_has_an_output()
    {
        var contract = FlowKindsReflection.Descriptor.MessageTypes.Select(message => message.GetOptions()?.GetExtension(FlowKindsExtensions.Flow)).OfType<FlowKind>().ToList();
        Assert.Equal(contract.Select(kind => kind.Name).Order(), ((IFlowKind[])[new ArchiveCsv()]).Select(kind => kind.Name).Order());
        Assert.All(contract, kind => Assert.NotNull(FlowKindsReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.MessageDescriptor>(kind.Output)));
    }

    [Theory]
    [InlineData(HashAlgorithm.Unspecified, 0, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(HashAlgorithm.Sha256, 2, "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358")]
    [InlineData(HashAlgorithm.Sha384, 1, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7")]
    [InlineData(HashAlgorithm.Sha512, 1, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")]
    [InlineData(HashAlgorithm.Sha3256, 1, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")]
    public void A_digest_is_what_the_standard_says(HashAlgorithm algorithm, long rounds, string hex) =>
        Assert.Equal(hex, HashOutput.Parser.ParseFrom(Do("hash", new HashInput { Algorithm = algorithm, Text = "abc", Rounds = rounds })).Hex);

    [Theory]
    [InlineData(CompressionFormat.Unspecified)]
    [InlineData(CompressionFormat.Brotli)]
    [InlineData(CompressionFormat.Gzip)]
    [InlineData(CompressionFormat.Zlib)]
    public void What_was_compressed_is_smaller_and_comes_back(CompressionFormat format)
    {
        var data = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the same again, ", 1_000)));
        var output = CompressOutput.Parser.ParseFrom(Do("compress", new CompressInput { Format = format, Data = ByteString.CopyFrom(data) }));
        using var compressed = new MemoryStream(output.Data.ToByteArray());
        using Stream stream = format switch
        {
            CompressionFormat.Gzip => new GZipStream(compressed, CompressionMode.Decompress),
            CompressionFormat.Zlib => new ZLibStream(compressed, CompressionMode.Decompress),
            _ => new BrotliStream(compressed, CompressionMode.Decompress),
        };
        using var back = new MemoryStream();
        stream.CopyTo(back);
        Assert.Equal(data, back.ToArray());
        Assert.Equal((data.Length, true), (output.UncompressedBytes, output.Data.Length < data.Length / 10));
    }

    [Fact]
    public void The_columns_of_a_table_are_told_with_what_is_in_them()
    {
        var output = Statistics("name;price;note\n\"Tea; \"\"green\"\"\";2;\n\"two\nlines\";4;x\nmilk;9;-1.5e1\n", ";");
        Assert.Equal((3L, "name,price,note"), (output.Rows, string.Join(',', output.Columns.Select(column => column.Name))));
        Assert.Equal(new CsvColumn { Name = "name" }, output.Columns[0]);
        var price = output.Columns[1];
        Assert.Equal((0L, 3L, 2d, 9d, 5d), (price.Empty, price.Numbers, price.Min, price.Max, price.Mean));
        Assert.Equal(Math.Sqrt(13), price.StandardDeviation, 12);
        Assert.Equal(new CsvColumn { Name = "note", Empty = 1, Numbers = 1, Min = -15, Max = -15, Mean = -15 }, output.Columns[2]);
    }

    [Theory]
    [InlineData("a,b\n1\n")]
    [InlineData("a,b\n1,2,3\n")]
    [InlineData("a,a\n1,2\n")]
    [InlineData("a\n\"never closed\n")]
    public void What_is_no_table_fails_for_good(string csv) => Assert.Throws<JobFailedException>(() => Statistics(csv));

    [Fact]
    public void A_table_with_too_many_columns_fails_for_good() => Assert.Throws<JobFailedException>(() => Statistics(string.Join(',', Enumerable.Range(0, 257)) + "\n"));

    [Fact]
    public void Every_kind_ends_when_it_is_asked_to()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var rows = string.Concat(Enumerable.Repeat("1\n", 1_000));
        foreach (var (kind, input) in ((string, IMessage)[])[("hash", new HashInput { Rounds = 1_000_000 }), ("compress", new CompressInput { Text = rows }), ("csv-statistics", new CsvStatisticsInput { Csv = "a\n" + rows })])
            Assert.Throws<OperationCanceledException>(() => Do(kind, input, cancelled.Token));
    }

    private static CsvStatisticsOutput Statistics(string csv, string separator = "") =>
        CsvStatisticsOutput.Parser.ParseFrom(Do("csv-statistics", new CsvStatisticsInput { Csv = csv, Separator = separator }));

    private static ByteString Do(string kind, IMessage input, CancellationToken cancellationToken = default) =>
        JobKinds.Find(kind)!.Do(input.ToByteString(), new JobProgress(_ => { }, _ => { }), cancellationToken);
}
