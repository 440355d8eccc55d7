using Google.Protobuf;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>Shows somebody the statistics of a table and, when they are approved of within a week, compresses it.</summary>
internal sealed class ArchiveCsv : FlowKind<ArchiveCsvInput, ArchiveCsvOutput>
{
    public override string Name => "archive-csv";

    protected override void Check(ArchiveCsvInput input, FieldViolations violations) =>
        JobKinds.Find("csv-statistics")!.Check(Table(input).ToByteString(), violations);

    protected override async Task<ArchiveCsvOutput> RunAsync(ArchiveCsvInput input, FlowRun flow)
    {
        var statistics = await flow.JobAsync<CsvStatisticsOutput>("describe", "csv-statistics", Table(input), isCached: true);
        var answer = await flow.ApprovalAsync("archive", $"Archive {statistics.Rows} rows of {statistics.Columns.Count} columns?", TimeSpan.FromDays(7));
        if (answer is not { Approved: true })
            return new ArchiveCsvOutput { Statistics = statistics };

        var archive = await flow.JobAsync<CompressOutput>("compress", "compress", new CompressInput { Text = input.Csv, Format = CompressionFormat.Gzip });
        var digest = await flow.JobAsync<HashOutput>("hash", "hash", new HashInput { Data = archive.Data });
        return new ArchiveCsvOutput { Statistics = statistics, Approved = true, Archive = archive.Data, Digest = digest.Hex };
    }

    private static CsvStatisticsInput Table(ArchiveCsvInput input) => new() { Csv = input.Csv, Separator = input.Separator };
}
