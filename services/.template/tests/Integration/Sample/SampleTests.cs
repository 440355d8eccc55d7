using Grpc.Core;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Client = Microservices.Sample.V1.SampleService.SampleServiceClient;
using V1 = Microservices.Sample.V1;

namespace Microservices.Tests.Integration.Sample;

/// <summary>What Sample promises, on a database of either kind.</summary>
public abstract class SampleTests(SampleHost host)
{
    private readonly Client client = host.Client;

    private static string NewId() => Guid.NewGuid().ToString();

    [SkippableFact]
    public async Task What_was_set_is_found_and_a_lookup_that_knows_it_gets_it_no_second_time()
    {
        var widget = (await client.SetWidgetAsync(new V1.SetWidgetRequest { WidgetId = NewId(), Label = "first" })).Widget;

        var results = await LookupAsync(
            new V1.LookupWidgetsCall { CallId = 1, WidgetId = widget.WidgetId, KnownEtag = 0 }, new V1.LookupWidgetsCall { CallId = 2, WidgetId = NewId() }, new V1.LookupWidgetsCall { CallId = 3, WidgetId = "no/slash" });
        var again = await LookupAsync(new V1.LookupWidgetsCall { CallId = 4, WidgetId = widget.WidgetId, KnownEtag = results[1].Etag });

        Assert.Equal(widget, results[1].Widget);
        Assert.Equal((int)StatusCode.NotFound, results[2].Error.Code);
        Assert.Equal((int)StatusCode.InvalidArgument, results[3].Error.Code);
        Assert.True(again[4].Unchanged);
    }

    [SkippableFact]
    public async Task A_command_sent_again_with_its_key_is_done_once()
    {
        var request = new V1.SetWidgetRequest { WidgetId = NewId(), Label = "first", IdempotencyKey = NewId() };

        var first = await client.SetWidgetAsync(request);
        var second = await client.SetWidgetAsync(request);
        request.Label = "second";
        var error = await Errors.FailsAsync(StatusCode.Aborted, client.SetWidgetAsync(request));

        Assert.Equal(1, first.Widget.Version);
        Assert.Equal(first.Widget, second.Widget);
        Assert.True(second.Replayed);
        Assert.Equal("IDEMPOTENCY_KEY_REUSED", error.Reason());
    }

    [SkippableFact]
    public async Task What_cannot_be_is_refused_and_named()
    {
        var error = await Errors.FailsAsync(StatusCode.InvalidArgument, client.SetWidgetAsync(new V1.SetWidgetRequest { WidgetId = "no/slash" }));

        Assert.Equal(["widget_id", "label"], error.Fields());
    }

    [SkippableFact]
    public async Task Operators_set_users_read_and_nobody_else_does_anything()
    {
        var request = new V1.SetWidgetRequest { WidgetId = NewId(), Label = "first" };
        await client.SetWidgetAsync(request);
        var call = new V1.LookupWidgetsCall { CallId = 1, WidgetId = request.WidgetId };

        await Errors.FailsAsync(StatusCode.PermissionDenied, host.ClientOf(Tokens.Authority.Person("ada")).SetWidgetAsync(request));
        Assert.Equal("first", (await LookupAsync(host.ClientOf(Tokens.Authority.Person("ada")), call))[1].Widget.Label);
        await Errors.FailsAsync(StatusCode.PermissionDenied, () => LookupAsync(host.ClientOf(Tokens.Authority.Person("ada", scopes: ["sample.write"])), call));
        await Errors.FailsAsync(StatusCode.Unauthenticated, () => LookupAsync(host.ClientOf("none"), call));
    }

    [SkippableFact]
    public async Task A_subscriber_gets_what_there_is_and_then_every_change_once_in_order()
    {
        var widgetId = NewId();
        await client.SetWidgetAsync(new V1.SetWidgetRequest { WidgetId = widgetId, Label = "1" });
        using var watch = client.WatchWidgets();
        await watch.RequestStream.WriteAsync(new V1.WatchWidgetsRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = widgetId, Snapshot = true } });

        var labels = new List<string>();
        await ReadUntilAsync(watch, labels, "1");
        await client.SetWidgetAsync(new V1.SetWidgetRequest { WidgetId = widgetId, Label = "2" });
        await client.SetWidgetAsync(new V1.SetWidgetRequest { WidgetId = widgetId, Label = "3" });
        await ReadUntilAsync(watch, labels, "3");

        Assert.Equal(["1", "2", "3"], labels.Distinct());
    }

    private static async Task ReadUntilAsync(AsyncDuplexStreamingCall<V1.WatchWidgetsRequest, V1.WatchWidgetsResponse> watch, List<string> labels, string last)
    {
        using var timeout = new CancellationTokenSource(Eventually.Timeout);
        while (labels.LastOrDefault() != last && await watch.ResponseStream.MoveNext(timeout.Token))
            labels.AddRange(watch.ResponseStream.Current.Events?.Events.Select(e => e.Widget.Label) ?? []);
    }

    private Task<Dictionary<ulong, V1.LookupWidgetsResult>> LookupAsync(params V1.LookupWidgetsCall[] calls) => LookupAsync(client, calls);

    private static async Task<Dictionary<ulong, V1.LookupWidgetsResult>> LookupAsync(Client client, params V1.LookupWidgetsCall[] calls)
    {
        using var stream = client.LookupWidgets();
        await stream.RequestStream.WriteAsync(new V1.LookupWidgetsRequest { Calls = { calls } });
        await stream.RequestStream.CompleteAsync();
        var results = new Dictionary<ulong, V1.LookupWidgetsResult>();
        while (await stream.ResponseStream.MoveNext(default))
        {
            foreach (var result in stream.ResponseStream.Current.Results)
                results.Add(result.CallId, result);
        }

        return results;
    }
}

public sealed class SampleOnSqliteTests(SampleHost host) : SampleTests(host), IClassFixture<SampleHost>;

public sealed class SampleOnPostgresTests : SampleTests, IClassFixture<PostgresSampleHost>
{
    public SampleOnPostgresTests(PostgresSampleHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
