using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microservices.Auth.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Auth;

/// <summary>Every call stream and event stream that has owners, as the contracts state them: what is another user's is refused alone, and says nothing of it.</summary>
public sealed class StreamOwnerTests(AuthHosts hosts) : IClassFixture<AuthHosts>
{
    private const int Denied = (int)StatusCode.PermissionDenied;
    private const int Invalid = (int)StatusCode.InvalidArgument;
    private static readonly string[] OfOthers = ["2", "3", "4", "6", "7"];

    public static TheoryData<string> CallStreams { get; } = [.. Methods(owner => owner.StartsWith("calls.", StringComparison.Ordinal))];

    public static TheoryData<string> EventStreams { get; } = [.. Methods(owner => owner == "subscribe.key")];

    [Theory]
    [MemberData(nameof(CallStreams))]
    public async Task Calls_about_others_are_refused_alone_whether_there_is_such_a_user_or_not_and_whatever_the_caller_knows(string name)
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        var etag = await ETagAsync(name, bob);
        var calls = new JsonArray(Call(name, 1, ada), Call(name, 2, bob), Call(name, 3, ""), Call(name, 4, "nobody"), Call(name, 5, ada), Call(name, 6, bob, etag), Call(name, 7, bob, "1"));

        var results = await LookupAsync(name, Tokens.Authority.Person(ada), calls);

        Assert.Equal(7, results.Count);
        Assert.All((string[])["1", "5"], id => Assert.Null(results[id]["error"]));
        Assert.All(OfOthers, id => Assert.Equal(Denied, (int)results[id]["error"]!["code"]!));
        Assert.Single(OfOthers.Select(id => results[id]["error"]!.ToJsonString()).Distinct());
    }

    [Theory]
    [MemberData(nameof(EventStreams))]
    public async Task Subscriptions_to_others_to_everything_or_to_a_partition_are_refused_alone_and_cursors_of_others_lead_nowhere(string name)
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        var (own, others) = (await CursorAsync(name, ada), await CursorAsync(name, bob));
        Subscription[] subscriptions =
        [
            new() { Key = bob }, new() { Key = bob, Cursor = others }, new() { Key = bob, Snapshot = true }, new() { Key = "nobody" },
            new() { Cursor = others }, new() { FromEarliest = true }, new() { Partition = 3 }, new() { Partition = 3, Key = ada, Cursor = others },
            new() { Key = ada, Cursor = others }, new() { Key = ada, Cursor = "nonsense" }, new() { Key = ada, Cursor = own },
        ];
        using var stream = Open(name, Tokens.Authority.Person(ada));
        foreach (var (i, subscription) in subscriptions.Index())
        {
            subscription.SubscriptionId = (uint)i;
            await WriteAsync(stream, name, new JsonObject { ["subscribe"] = Json(subscription) });
        }

        var (failed, stands) = (new SortedDictionary<int, JsonNode>(), false);
        await foreach (var frame in FramesAsync(stream))
        {
            if (frame["failed"] is { } failure)
                failed[(int?)failure["subscriptionId"] ?? 0] = failure["status"]!;
            stands |= (int?)frame["subscribed"]?["subscriptionId"] == subscriptions.Length - 1;
            if (stands && failed.Count == subscriptions.Length - 1)
                break;
        }

        Assert.Equal([Denied, Denied, Denied, Denied, Denied, Denied, Denied, Invalid, Invalid, Invalid], failed.Values.Select(status => (int)status["code"]!));
        Assert.Single(failed.Where(each => (int)each.Value["code"]! == Denied).Select(each => each.Value.ToJsonString()).Distinct());
        Assert.Equal(failed[9].ToJsonString(), failed[8].ToJsonString());
    }

    private static IEnumerable<string> Methods(Func<string, bool> wanted) =>
        typeof(UsersService).Assembly.GetTypes()
            .Select(type => type.GetProperty("Descriptor", typeof(ServiceDescriptor))?.GetValue(null)).OfType<ServiceDescriptor>().SelectMany(service => service.Methods)
            .Where(method => method.GetOptions()?.GetExtension(PolicyExtensions.Access) is { } policy && wanted(policy.Owner)).Select(method => method.FullName);

    private static MethodDescriptor Find(string name) =>
        typeof(UsersService).Assembly.GetTypes()
            .Select(type => type.GetProperty("Descriptor", typeof(ServiceDescriptor))?.GetValue(null)).OfType<ServiceDescriptor>().SelectMany(service => service.Methods)
            .Single(method => method.FullName == name);

    /// <summary>A call about what is this user's; with an etag, where such calls have one.</summary>
    private static JsonObject Call(string name, int id, string userId, string? etag = null)
    {
        var method = Find(name);
        var call = new JsonObject { ["callId"] = $"{id}" };
        if (etag is not null && method.InputType.FindFieldByName("calls").MessageType.FindFieldByName("known_etag") is not null)
            call["knownEtag"] = etag;
        var inside = call;
        var path = method.GetOptions().GetExtension(PolicyExtensions.Access).Owner.Split('.')[1..];
        foreach (var part in path[..^1])
            inside[part] = inside = [];
        inside[path[^1]] = userId;
        return call;
    }

    private async Task<string?> ETagAsync(string name, string userId) =>
        (string?)(await LookupAsync(name, Tokens.Authority.Operator(), new JsonArray(Call(name, 1, userId))))["1"]["etag"];

    private async Task<Dictionary<string, JsonNode>> LookupAsync(string name, string token, JsonArray calls)
    {
        using var stream = Open(name, token);
        await WriteAsync(stream, name, new JsonObject { ["calls"] = calls });
        await stream.RequestStream.CompleteAsync();
        return await FramesAsync(stream).SelectMany(frame => (frame["results"]?.AsArray() ?? []).ToAsyncEnumerable()).ToDictionaryAsync(result => (string)result!["callId"]!, result => result!);
    }

    /// <summary>The first cursor that a subscriber to what is this user's is given.</summary>
    private async Task<string> CursorAsync(string name, string userId)
    {
        using var stream = Open(name, Tokens.Authority.Person(userId));
        await WriteAsync(stream, name, new JsonObject { ["subscribe"] = Json(new Subscription { Key = userId }) });
        await foreach (var frame in FramesAsync(stream))
        {
            Assert.True(frame["failed"] is null, frame.ToJsonString());
            if ((string?)frame.AsObject().First().Value?["cursor"] is { Length: > 0 } cursor)
                return cursor;
        }

        throw new InvalidOperationException("The stream has ended.");
    }

    private AsyncDuplexStreamingCall<IMessage, IMessage> Open(string name, string token)
    {
        var method = Find(name);
        var call = new Method<IMessage, IMessage>(
            MethodType.DuplexStreaming, method.Service.FullName, method.Name,
            Marshallers.Create(message => message.ToByteArray(), method.InputType.Parser.ParseFrom), Marshallers.Create(message => message.ToByteArray(), method.OutputType.Parser.ParseFrom));
        return Tokens.Channel(hosts.AddressOf(method.File.Package), token).CreateCallInvoker().AsyncDuplexStreamingCall(call, null, new CallOptions(deadline: DateTime.UtcNow + Eventually.Timeout));
    }

    private static Task WriteAsync(AsyncDuplexStreamingCall<IMessage, IMessage> stream, string name, JsonObject frame) =>
        stream.RequestStream.WriteAsync(Find(name).InputType.Parser.ParseJson(frame.ToJsonString()));

    private static IAsyncEnumerable<JsonNode> FramesAsync(AsyncDuplexStreamingCall<IMessage, IMessage> stream) =>
        stream.ResponseStream.ReadAllAsync().Select(frame => JsonNode.Parse(frame.ToString()!)!);

    private static JsonNode Json(IMessage message) => JsonNode.Parse(JsonFormatter.Default.Format(message))!;
}
