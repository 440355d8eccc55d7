using Google.Protobuf;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>Says how far a job has come. Thread-safe.</summary>
/// <param name="tellProgress">Is told percents.</param>
/// <param name="tellLine">Is told lines.</param>
internal sealed class JobProgress(Action<int> tellProgress, Action<string> tellLine)
{
    private const int MaxLine = 500;
    private int last;

    /// <summary>So much of it is done, of so much.</summary>
    public void Report(double done, double all)
    {
        var percent = (int)(100 * done / all);
        if (Interlocked.Exchange(ref last, percent) != percent)
            tellProgress(percent);
    }

    /// <summary>A line for whoever watches the job: its first 500 characters.</summary>
    public void Log(string line) => tellLine(line.Length > MaxLine ? line[..MaxLine] : line);
}

/// <summary>A job cannot succeed, however often it is tried. The message is for its owner.</summary>
internal sealed class JobFailedException(string message) : Exception(message);

/// <summary>What does the jobs of one kind.</summary>
internal interface IJobKind
{
    /// <summary>What the kind is called.</summary>
    string Name { get; }

    /// <summary>Says what is wrong with an input, in the process that takes jobs.</summary>
    void Check(ByteString input, FieldViolations violations);

    /// <summary>Does a job, in the worker process: it may block, and take as long as it needs.</summary>
    ByteString Do(ByteString input, JobProgress progress, CancellationToken cancellationToken);
}

/// <summary>What does the jobs of the kind that has this input (its option <c>kind</c> says its name). A class for each, and a line in <see cref="JobKinds"/>.</summary>
internal abstract class JobKind<TInput, TOutput> : IJobKind
    where TInput : class, IMessage<TInput>, new()
    where TOutput : IMessage<TOutput>
{
    private static readonly MessageParser<TInput> Parser = new(() => new TInput());

    public string Name { get; } = new TInput().Descriptor.GetOptions().GetExtension(KindsExtensions.Kind).Name;

    public void Check(ByteString input, FieldViolations violations)
    {
        if (Read(input) is { } message)
            Check(message, violations);
        else
            violations.Add("input", $"must be a {new TInput().Descriptor.FullName}");
    }

    public ByteString Do(ByteString input, JobProgress progress, CancellationToken cancellationToken)
    {
        var message = Read(input) ?? throw new JobFailedException($"Its input is no {new TInput().Descriptor.FullName}.");
        return Do(message, progress, cancellationToken).ToByteString();
    }

    /// <summary>Adds what is wrong with an input, each field as <c>input.NAME</c>.</summary>
    protected abstract void Check(TInput input, FieldViolations violations);

    /// <summary>Does a job. It may block, and take as long as it needs; it looks at the token every second at least, or its process is killed when it is to end.</summary>
    /// <exception cref="JobFailedException">It can never succeed.</exception>
    protected abstract TOutput Do(TInput input, JobProgress progress, CancellationToken cancellationToken);

    private static TInput? Read(ByteString input)
    {
        try
        {
            return Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}

/// <summary>The kinds that this program does: to add one is a line here.</summary>
internal static class JobKinds
{
    private static readonly Dictionary<string, IJobKind> Known = ((IJobKind[])[new Hash(), new Compress(), new CsvStatistics()]).ToDictionary(kind => kind.Name);

    public static IReadOnlyCollection<string> Names { get; } = [.. Known.Keys];

    public static IJobKind? Find(string name) => Known.GetValueOrDefault(name);

    public static bool Has(string name) => Known.ContainsKey(name);
}
