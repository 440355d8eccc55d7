using System.Globalization;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using nietras.SeparatedValues;

namespace Microservices.Jobs;

/// <summary>What is in the columns of a table.</summary>
internal sealed class CsvStatistics : JobKind<CsvStatisticsInput, CsvStatisticsOutput>
{
    private const int MaxColumns = 256;
    private const int MaxName = 64;
    private const int RowsAtOnce = 256;

    protected override void Check(CsvStatisticsInput input, FieldViolations violations)
    {
        if (input.Csv.Length == 0)
            violations.Add("input.csv", "is required");
        if (input.Separator.Length > 0 && !(input.Separator is [var separator] && char.IsAscii(separator) && !char.IsAsciiLetterOrDigit(separator) && separator is not ('"' or '\r' or '\n' or '\0')))
            violations.Add("input.separator", "must be one character of ASCII, and not a quote, a letter, a digit or the end of a line");
    }

    protected override CsvStatisticsOutput Do(CsvStatisticsInput input, JobProgress progress, CancellationToken cancellationToken)
    {
        // A quote is one of two, wherever it is: the reader takes a field that is never closed for one that ends with the table.
        if (input.Csv.AsSpan().Count('"') % 2 != 0)
            throw new JobFailedException("The table has a quote that is never closed.");
        try
        {
            return Read(input, progress, cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidDataException or ArgumentException or FormatException)
        {
            throw new JobFailedException("The table is not as RFC 4180 has it: each row has as many fields as the first, whose names differ.");
        }
    }

    private static CsvStatisticsOutput Read(CsvStatisticsInput input, JobProgress progress, CancellationToken cancellationToken)
    {
        var separator = new Sep(input.Separator.Length > 0 ? input.Separator[0] : ',');
        using var reader = separator.Reader(options => options with { Unescape = true, CultureInfo = CultureInfo.InvariantCulture }).FromText(input.Csv);
        var names = reader.Header.ColNames;
        if (names.Count is 0 or > MaxColumns)
            throw new JobFailedException($"The table must have 1 to {MaxColumns} columns, but has {names.Count}.");
        var (columns, rows) = (names.Select(name => new Column(name)).ToList(), 0L);
        foreach (var row in reader)
        {
            for (var i = 0; i < columns.Count; i++)
                columns[i].Add(row[i].Span);
            if (++rows % RowsAtOnce != 0)
                continue;
            cancellationToken.ThrowIfCancellationRequested();
            progress.Report(row.LineNumberFrom, row.LineNumberFrom + 1);
        }

        progress.Log(string.Create(CultureInfo.InvariantCulture, $"{rows} rows of {columns.Count} columns"));
        var output = new CsvStatisticsOutput { Rows = rows };
        output.Columns.AddRange(columns.Select(column => column.ToMessage()));
        return output;
    }

    /// <summary>One column, by Welford's algorithm (Knuth, TAOCP 2, 4.2.2).</summary>
    private sealed class Column(string name)
    {
        private long empty;
        private long numbers;
        private double min = double.PositiveInfinity;
        private double max = double.NegativeInfinity;
        private double mean;
        private double squares;

        public void Add(ReadOnlySpan<char> field)
        {
            if (field.IsWhiteSpace())
            {
                empty++;
            }
            else if (double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value))
            {
                numbers++;
                (min, max) = (Math.Min(min, value), Math.Max(max, value));
                var delta = value - mean;
                mean += delta / numbers;
                squares += delta * (value - mean);
            }
        }

        public CsvColumn ToMessage()
        {
            var column = new CsvColumn { Name = name.Length > MaxName ? name[..MaxName] : name, Empty = empty, Numbers = numbers };
            if (numbers > 0)
                (column.Min, column.Max, column.Mean) = (min, max, mean);
            if (numbers > 1)
                column.StandardDeviation = Math.Sqrt(squares / (numbers - 1));
            return column;
        }
    }
}
