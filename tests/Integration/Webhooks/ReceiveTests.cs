using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;
using Client = Microservices.Webhooks.V1.SourcesService.SourcesServiceClient;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>What senders send to sources, on a database of either kind.</summary>
public abstract class ReceiveTests(WebhooksHost host) : WebhooksTestBase(host)
{
    public static TheoryData<SourceKind> Kinds { get; } = [SourceKind.Standard, SourceKind.Github, SourceKind.Stripe];

    private Client Sources => host.Sources;

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_rightly_signed_is_stored_told_and_kept_as_it_came(SourceKind kind)
    {
        var (source, sender) = await SourceAsync(kind);
        var body = Sender.BodyOf("evt_1");

        var receivedId = (await SendAsync(source, sender.Sign(body, "evt_1", DateTimeOffset.UtcNow.AddMinutes(-4)), body)).ReceivedId;

        var received = (await Sources.GetReceivedAsync(new() { ReceivedId = receivedId })).Received;
        Assert.Equal((source.SourceId, owner, "evt_1", kind == SourceKind.Github ? "push" : "invoice.paid", "application/json", body.Length),
            (received.SourceId, received.OwnerId, received.MessageId, received.EventType, received.ContentType, received.Size));
        Assert.Equal(body, received.Payload.ToByteArray());
        Assert.Equal([new ReceivedEvent { Received = received }], await ToldAsync(1));
        Assert.Equal([new ReceivedMessage(received) { Payload = ByteString.Empty }], (await Sources.ListReceivedAsync(new() { SourceId = source.SourceId })).Received);
    }

    /// <summary>The example of GitHub's documentation.</summary>
    [SkippableFact]
    public async Task What_GitHub_says_that_it_sends_is_taken()
    {
        var (source, _) = await SourceAsync(SourceKind.Github, "It's a Secret to Everybody");
        var headers = new Dictionary<string, string>
        {
            ["x-github-delivery"] = "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            ["x-hub-signature-256"] = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        };
        Assert.False((await SendAsync(source, headers, "Hello, World!"u8.ToArray())).Replayed);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_not_the_senders_or_not_of_now_is_refused_and_nothing_is_stored(SourceKind kind)
    {
        var (source, sender) = await SourceAsync(kind);
        var body = Sender.BodyOf("evt_1");
        var good = sender.Sign(body, "evt_1");

        var written = JsonSerializer.SerializeToUtf8Bytes(JsonDocument.Parse(body).RootElement);
        await RefusedAsync("SIGNATURE_INVALID", source, good, written);
        await RefusedAsync("SIGNATURE_INVALID", source, good, [.. body, (byte)'\n']);
        await RefusedAsync("SIGNATURE_INVALID", source, (sender with { Secret = Sender.SecretOf(kind) }).Sign(body, "evt_1"), body);
        await RefusedAsync("SIGNATURE_INVALID", source, [], body);
        foreach (var name in good.Keys.Where(name => name.Contains("signature", StringComparison.Ordinal)))
        {
            foreach (var bad in (string[])["", "v1,", "sha256=", "t=,v1=", good[name][..^2], good[name].ToUpperInvariant()[..^1] + "!", new string('a', 5_000) + good[name]])
                await RefusedAsync("SIGNATURE_INVALID", source, new(good) { [name] = bad }, body);
        }

        foreach (var minutes in kind == SourceKind.Github ? [] : (int[])[-6, 6])
            await RefusedAsync("SIGNATURE_STALE", source, sender.Sign(body, "evt_1", DateTimeOffset.UtcNow.AddMinutes(minutes)), body);
        await RefusedAsync("NOT_FOUND", new Source { SourceId = "nothing" }, good, body);
        Assert.Empty((await Sources.ListReceivedAsync(new() { SourceId = source.SourceId })).Received);
        Assert.False((await SendAsync(source, good, body)).Replayed);
    }

    [SkippableTheory]
    [InlineData(SourceKind.Standard)]
    [InlineData(SourceKind.Stripe)]
    public async Task Of_several_signatures_one_must_be_right_among_the_first_ten(SourceKind kind)
    {
        var (source, sender) = await SourceAsync(kind);
        var body = Sender.BodyOf("evt_1");
        var (name, separator) = kind == SourceKind.Standard ? ("webhook-signature", " ") : ("stripe-signature", ",");
        var good = sender.Sign(body, "evt_1");
        var wrong = (sender with { Secret = Sender.SecretOf(kind) }).Sign(body, "evt_1")[name].Split(separator).Single(part => part.StartsWith("v1", StringComparison.Ordinal));
        var right = good[name].Split(separator);

        await RefusedAsync("SIGNATURE_INVALID", source, new(good) { [name] = string.Join(separator, [.. right.Where(part => part[0] == 't'), .. Enumerable.Repeat(wrong, 10), .. right]) }, body);
        await SendAsync(source, new(good) { [name] = string.Join(separator, [.. right.Where(part => part[0] == 't'), .. Enumerable.Repeat(wrong, 9), .. right]) }, body);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task A_rotated_secret_is_good_beside_the_new_one_and_then_no_more(SourceKind kind)
    {
        var (source, old) = await SourceAsync(kind);
        var given = kind == SourceKind.Stripe ? Sender.SecretOf(kind) : "";
        var rotated = await Sources.RotateSourceSecretAsync(new() { SourceId = source.SourceId, Secret = given, Overlap = Duration.FromTimeSpan(TimeSpan.FromHours(1)) });
        var fresh = new Sender(kind, given + rotated.Secret);
        Assert.Equal(2, rotated.Source.Secrets.Count);
        await SendAsync(source, old.Sign(Sender.BodyOf("1"), "1"), Sender.BodyOf("1"));
        await SendAsync(source, fresh.Sign(Sender.BodyOf("2"), "2"), Sender.BodyOf("2"));

        var past = DateTimeOffset.UtcNow.AddSeconds(-1);
        await host.Database.WriteAsync(context => context.Secrets.Where(s => s.HolderId == source.SourceId && s.ExpireTime != null).ExecuteUpdateAsync(s => s.SetProperty(x => x.ExpireTime, past)), default);

        await RefusedAsync("SIGNATURE_INVALID", source, old.Sign(Sender.BodyOf("3"), "3"), Sender.BodyOf("3"));
        await SendAsync(source, fresh.Sign(Sender.BodyOf("4"), "4"), Sender.BodyOf("4"));
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task A_repeat_is_stored_once_one_after_the_other_and_sixteen_at_once(SourceKind kind)
    {
        var (source, sender) = await SourceAsync(kind);
        var (body, others) = (Sender.BodyOf("evt_1"), Sender.BodyOf("evt_2"));
        var first = await SendAsync(source, sender.Sign(body, "evt_1"), body);
        var second = await SendAsync(source, sender.Sign(body, "evt_1"), body);
        Assert.Equal((false, true, first.ReceivedId), (first.Replayed, second.Replayed, second.ReceivedId));

        var headers = sender.Sign(others, "evt_2");
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => SendAsync(source, headers, others)));

        Assert.Single(answers, answer => !answer.Replayed);
        Assert.Single(answers.Select(answer => answer.ReceivedId).Distinct());
        var distinct = await Task.WhenAll(Enumerable.Range(3, 16).Select(i => SendAsync(source, sender.Sign(Sender.BodyOf($"evt_{i}"), $"evt_{i}"), Sender.BodyOf($"evt_{i}"))));
        Assert.All(distinct, answer => Assert.False(answer.Replayed));
        Assert.Equal(18, (await Sources.ListReceivedAsync(new() { SourceId = source.SourceId })).Received.Count);
        Assert.Equal(18, (await ToldAsync(18)).Select(told => told.Received.MessageId).Distinct().Count());
    }

    [SkippableFact]
    public async Task What_cannot_be_committed_whole_is_not_taken_and_is_stored_when_it_is_sent_again()
    {
        var (source, sender) = await SourceAsync(SourceKind.Github);
        var (body, headers) = (Sender.BodyOf("evt_1"), sender.Sign(Sender.BodyOf("evt_1"), "evt_1"));
        await RenameOutboxAsync(away: true);
        try
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => SendAsync(source, headers, body));
            Assert.True(refused.StatusCode is StatusCode.Internal or StatusCode.Unavailable or StatusCode.Unknown, $"{refused.StatusCode}");
            Assert.Empty((await Sources.ListReceivedAsync(new() { SourceId = source.SourceId })).Received);
        }
        finally
        {
            await RenameOutboxAsync(away: false);
        }

        Assert.False((await SendAsync(source, headers, body)).Replayed);
        Assert.Single(await ToldAsync(1));
    }

    [SkippableFact]
    public async Task The_oldest_go_when_a_source_has_as_much_as_it_may_and_those_of_others_stay()
    {
        var (source, sender) = await SourceAsync(SourceKind.Github);
        var (other, others) = await SourceAsync(SourceKind.Github);
        await SendAsync(other, others.Sign([1], "only"), [1]);
        var body = new byte[48 << 10];
        var most = WebhooksHost.MaxReceivedBytes / (body.Length + 1_024);
        for (var i = 0; i < most + 3; i++)
            await SendAsync(source, sender.Sign(body, $"{i}"), body);

        var page = await Sources.ListReceivedAsync(new() { SourceId = source.SourceId, PageSize = 3 });
        var ids = page.Received.ToList();
        while (page.NextPageToken.Length > 0)
        {
            page = await Sources.ListReceivedAsync(new() { SourceId = source.SourceId, PageSize = 3, PageToken = page.NextPageToken });
            ids.AddRange(page.Received);
        }

        Assert.Equal(Enumerable.Range(3, most).Reverse().Select(i => i.ToString(CultureInfo.InvariantCulture)), ids.Select(r => r.MessageId));
        Assert.Single((await Sources.ListReceivedAsync(new() { SourceId = other.SourceId })).Received);
    }

    [SkippableFact]
    public async Task Endpoints_that_want_it_are_sent_what_comes_in_in_order_but_not_what_Webhooks_itself_has_sent()
    {
        var (source, sender) = await SourceAsync(SourceKind.Standard);
        var (endpoint, _) = await CreateAsync(request =>
        {
            request.EventTypes.Add("webhook.received");
            request.Ordered = true;
        });
        var own = new Dictionary<string, string>(sender.Sign(Sender.BodyOf("own"), "own")) { ["user-agent"] = "Microservices-Webhooks/1" };
        await SendAsync(source, own, Sender.BodyOf("own"));
        for (var i = 0; i < 10; i++)
            await SendAsync(source, sender.Sign(Sender.BodyOf($"{i}"), $"{i}"), Sender.BodyOf($"{i}"));

        await UntilAsync(endpoint, DeliveryState.Delivered, 10);

        var sent = receiver.Received.DistinctBy(hook => hook.Id).Select(hook => JsonDocument.Parse(hook.Body).RootElement).ToList();
        Assert.All(sent, message => Assert.Equal(("webhook.received", source.SourceId), (message.GetProperty("type").GetString(), message.GetProperty("subject").GetString())));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => Encoding.UTF8.GetString(Sender.BodyOf($"{i}"))), sent.Select(message => Encoding.UTF8.GetString(message.GetProperty("data").GetProperty("payload").GetBytesFromBase64())));
        Assert.Equal(11, (await ToldAsync(11)).Count);
    }

    [SkippableFact]
    public async Task Of_a_source_that_is_deleted_nothing_is_left_and_nothing_is_taken()
    {
        var (source, sender) = await SourceAsync(SourceKind.Github);
        await SendAsync(source, sender.Sign([1], "1"), [1]);
        await Sources.DeleteSourceAsync(new() { SourceId = source.SourceId });

        await RefusedAsync("NOT_FOUND", source, sender.Sign([2], "2"), [2]);
        Assert.False(await host.Database.ReadAsync(async context => await context.Received.AnyAsync(r => r.SourceId == source.SourceId) || await context.Secrets.AnyAsync(s => s.HolderId == source.SourceId), default));
    }

    private async Task<(Source Source, Sender Sender)> SourceAsync(SourceKind kind, string? secret = null)
    {
        var given = secret ?? (kind == SourceKind.Stripe ? Sender.SecretOf(kind) : "");
        var created = await Sources.CreateSourceAsync(new() { OwnerId = owner, Kind = kind, Secret = given });
        return (created.Source, new(kind, given + created.Secret));
    }

    private async Task<ReceiveResponse> SendAsync(Source source, Dictionary<string, string> headers, byte[] body) =>
        await Sources.ReceiveAsync(new() { SourceId = source.SourceId, Headers = { headers }, Body = ByteString.CopyFrom(body) });

    private async Task RefusedAsync(string reason, Source source, Dictionary<string, string> headers, byte[] body) =>
        Assert.Equal(reason, (await Errors.FailsAsync(reason == "NOT_FOUND" ? StatusCode.NotFound : StatusCode.Unauthenticated, () => SendAsync(source, headers, body))).Reason());

    private async Task<List<ReceivedEvent>> ToldAsync(int count)
    {
        using var watch = Sources.WatchReceived();
        await watch.RequestStream.WriteAsync(new WatchReceivedRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = owner, FromEarliest = true } });
        using var timeout = new CancellationTokenSource(Eventually.Timeout);
        var events = new List<ReceivedEvent>();
        while (events.Count < count && await watch.ResponseStream.MoveNext(timeout.Token))
            events.AddRange(watch.ResponseStream.Current.Events?.Events ?? []);
        return events;
    }

    private Task<int> RenameOutboxAsync(bool away) => host.Database.WriteAsync(context => context.Database.ExecuteSqlRawAsync((context.Database.IsNpgsql(), away) switch
    {
        (true, true) => """ALTER TABLE webhooks."OutboxEvents" RENAME TO "Away" """,
        (true, false) => """ALTER TABLE webhooks."Away" RENAME TO "OutboxEvents" """,
        (false, true) => """ALTER TABLE "OutboxEvents" RENAME TO "Away" """,
        _ => """ALTER TABLE "Away" RENAME TO "OutboxEvents" """,
    }), default);
}

public sealed class ReceiveOnSqliteTests(WebhooksHost host) : ReceiveTests(host), IClassFixture<WebhooksHost>;

public sealed class ReceiveOnPostgresTests : ReceiveTests, IClassFixture<PostgresWebhooksHost>
{
    public ReceiveOnPostgresTests(PostgresWebhooksHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
