using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Admission;

/// <summary>
/// The large answers of unary calls that are not yet written. gRPC hands an answer to the server as a whole, which keeps it for as long as its
/// reader likes; so here each is cut off that is not read in time, and the oldest of a connection, or of the connection that has the most, when
/// together they are too much. What is smaller than the server's buffer for a stream is out of reach: the server takes it and ends the call;
/// such answers are bounded by the 100 calls of a connection, and by the server's own <c>MinResponseDataRate</c>. Thread-safe.
/// </summary>
internal sealed partial class UnwrittenAnswers : IDisposable
{
    // What Kestrel takes of a stream without waiting for its reader.
    private const int ServerBuffer = 64 * 1024;

    // RST_STREAM with this code is RESOURCE_EXHAUSTED to a gRPC client.
    private const int EnhanceYourCalm = 0xb;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private readonly Lock gate = new();
    private readonly LinkedList<Answer> answers = [];
    private readonly Dictionary<string, long> connections = [];
    private readonly AdmissionOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<UnwrittenAnswers> logger;
    private readonly Counter<long> cut;
    private readonly ITimer timer;
    private long bytes;

    public UnwrittenAnswers(IOptions<AdmissionOptions> options, IMeterFactory meters, TimeProvider time, ILogger<UnwrittenAnswers> logger)
    {
        (this.options, this.time, this.logger) = (options.Value, time, logger);
        var meter = meters.Create("Microservices.Hosting");
        meter.CreateObservableUpDownCounter("rpc.server.unwritten", () => Volatile.Read(ref bytes), "By", "Answers of unary calls that wait for their readers.");
        cut = meter.CreateCounter<long>("rpc.server.cut_off", "{call}", "Unary calls cut off because their answers were not read.");
        cut.Add(0);
        timer = time.CreateTimer(static me => ((UnwrittenAnswers)me!).Sweep(), this, Interval, Interval);
    }

    /// <summary>The call is answered with so much; what is kept of it here goes when it is written, or when its caller is gone.</summary>
    public void Add(HttpContext call, string method, int size)
    {
        if (size < ServerBuffer)
            return;
        var answer = new Answer(this, call.Connection.Id, method, size, time.GetTimestamp(), call.Features.Get<IHttpResetFeature>());
        call.Items[typeof(UnwrittenAnswers)] = answer;
        call.Response.OnCompleted(static answer => ((Answer)answer).Owner.Remove((Answer)answer), answer);
        List<Answer>? late = null;
        lock (gate)
        {
            answer.Node = answers.AddLast(answer);
            bytes += size;
            connections[answer.Connection] = connections.GetValueOrDefault(answer.Connection) + size;
            while (connections[answer.Connection] > options.MaxUnwrittenBytesPerConnection && TakeOldest(answer.Connection, answer) is { } oldest)
                (late ??= []).Add(oldest);
            while (bytes > options.MaxUnwrittenBytes && TakeOldest(connections.MaxBy(c => c.Value).Key, answer) is { } oldest)
                (late ??= []).Add(oldest);
        }

        Tell(late, "too much waits");
    }

    /// <summary>Waits until the server has taken what was added, when the method has returned: else the call would be over for it at once.</summary>
    public static async Task FlushAsync(HttpContext call, Task method)
    {
        await method;
        if (call.Items.ContainsKey(typeof(UnwrittenAnswers)))
            await call.Response.BodyWriter.FlushAsync(call.RequestAborted);
    }

    public void Dispose() => timer.Dispose();

    private void Sweep()
    {
        List<Answer>? late = null;
        lock (gate)
        {
            while (answers.First is { } first && time.GetElapsedTime(first.Value.Since) > options.WriteTimeout)
            {
                (late ??= []).Add(first.Value);
                CutOff(first.Value);
            }
        }

        Tell(late, "it has waited for too long");
    }

    private Answer? TakeOldest(string connection, Answer except)
    {
        for (var node = answers.First; node is not null; node = node.Next)
        {
            if (node.Value.Connection == connection && node.Value != except)
            {
                var oldest = node.Value;
                CutOff(oldest);
                return oldest;
            }
        }

        return null;
    }

    private Task Remove(Answer answer)
    {
        lock (gate)
            Forget(answer);
        return Task.CompletedTask;
    }

    private void Forget(Answer answer)
    {
        if (answer.Node is not { } node)
            return;
        answer.Node = null;
        answers.Remove(node);
        bytes -= answer.Size;
        if ((connections[answer.Connection] -= answer.Size) == 0)
            connections.Remove(answer.Connection);
    }

    /// <summary>Under the lock, for which the end of a call waits: afterwards the server uses what it has of the call for another.</summary>
    private void CutOff(Answer answer)
    {
        Forget(answer);
        answer.Reset?.Reset(EnhanceYourCalm);
    }

    private void Tell(List<Answer>? late, string why)
    {
        if (late is null)
            return;
        cut.Add(late.Count);
        LogCut(late.Count, late[0].Method, why);
    }

    [LoggerMessage(LogLevel.Warning, "Cut off {Count} calls whose answers are not read, such as one of {Method}: {Why}")]
    private partial void LogCut(int count, string method, string why);

    private sealed class Answer(UnwrittenAnswers owner, string connection, string method, int size, long since, IHttpResetFeature? reset)
    {
        public UnwrittenAnswers Owner => owner;

        public string Connection => connection;

        public string Method => method;

        public int Size => size;

        public long Since => since;

        public IHttpResetFeature? Reset => reset;

        /// <summary>Null when it is no longer counted. Guarded by the owner's lock.</summary>
        public LinkedListNode<Answer>? Node { get; set; }
    }
}
