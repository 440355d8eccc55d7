using System.IO.Pipelines;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Microservices.Gateway.Events;
using Microservices.Gateway.Operations;
using Microservices.Operations.V1;

namespace Microservices.Tests.Unit.Gateway;

/// <summary>What a client is told of the suite's streams: what has changed, the latest of it, and no more at a time than there is room for.</summary>
public sealed class ToldStreamsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;
    private static readonly Uri Address = new("http://127.0.0.1:5002");
    private readonly ToldStreams told = new();

    [Fact]
    public async Task The_first_time_all_that_is_open_is_told_and_then_what_has_changed()
    {
        Assert.Equal(["stream a", "stream b", "streams complete"], await TellAsync(Of("a"), Of("b")));
        Assert.Equal(["streams complete"], await TellAsync(Of("a"), Of("b")));
        Assert.Equal(["stream c", "stream a", "streams complete gone b"], await TellAsync(Of("a", lag: 2), Of("c")));
    }

    [Fact]
    public async Task What_has_no_room_waits_its_turn_however_much_changes_and_is_then_told_as_it_is()
    {
        const int Streams = 1_000;
        var seen = new HashSet<string>();
        var rounds = 0;
        for (; seen.Count < Streams; rounds++)
        {
            // All change each time, and the first ones lag the most.
            var events = await TellAsync([.. Enumerable.Range(0, Streams).Select(i => Of($"{i}", lag: Streams - i + rounds, method: new string('m', 1_000)))]);
            Assert.DoesNotContain("complete", events[^1], StringComparison.Ordinal);
            seen.UnionWith(events.SkipLast(1));
        }

        Assert.InRange(rounds, 4, 8);
    }

    [Fact]
    public async Task While_a_replica_was_not_heard_yet_it_is_not_complete() =>
        Assert.Equal(["stream a", "streams"], await TellAsync(new SuiteSample(Now, [Of("a")], 0, IsKnown: false, [])));

    private Task<List<string>> TellAsync(params LocatedStream[] streams) => TellAsync(new SuiteSample(Now, streams, 0, IsKnown: true, []));

    // The events, each as its name and what it is about.
    private async Task<List<string>> TellAsync(SuiteSample sample)
    {
        using var output = new MemoryStream();
        var pipe = PipeWriter.Create(output);
        using var writer = new SseWriter(pipe, TimeSpan.FromMinutes(1), TimeProvider.System);
        told.Write(writer, sample);
        await writer.FlushAsync();
        Assert.InRange(output.Length, 1, ToldStreams.MostBytes + 32_000);
        var events = Encoding.UTF8.GetString(output.ToArray()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        return [.. events.Select(text => (Name: text.Split('\n')[0]["event: ".Length..], Json: System.Text.Json.JsonDocument.Parse(text.Split('\n')[1]["data: ".Length..]).RootElement)).Select(each =>
            each.Name == "stream"
                ? $"stream {each.Json.GetProperty("streamId")}"
                : $"streams{(each.Json.GetProperty("complete").GetBoolean() ? " complete" : "")}{string.Concat(each.Json.GetProperty("goneStreamIds").EnumerateArray().Select(id => $" gone {id}"))}")];
    }

    private static LocatedStream Of(string id, long lag = 0, string method = "m") =>
        new("orders", Address, new OpenStream { StreamId = id, Lag = lag, Method = method, Kind = StreamKind.Event, OpenTime = Timestamp.FromDateTimeOffset(Now) });
}
