using System.Collections;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microservices.Auth.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Auth;

/// <summary>Every method of every service, called by everybody: who may call what is what the contracts state.</summary>
public sealed partial class MethodMatrixTests(AuthHosts hosts) : IClassFixture<AuthHosts>
{
    private static readonly IReadOnlyList<MethodDescriptor> All =
    [
        .. typeof(UsersService).Assembly.GetTypes()
            .Select(type => type.GetProperty("Descriptor", typeof(ServiceDescriptor))?.GetValue(null)).OfType<ServiceDescriptor>()
            .Where(service => service.File.Package is "users.v1" or "orders.v1" or "notifications.v1" or "webhooks.v1" or "jobs.v1" or "gateway.v1" or "operations.v1").SelectMany(service => service.Methods),
    ];

    public static TheoryData<string> Methods { get; } = [.. All.Select(method => method.FullName)];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Nobody_calls_without_a_token_that_is_valid(string name)
    {
        var method = Find(name);
        foreach (var (kind, header) in BadTokens.Headers())
        {
            var answer = await CallAsync(method, header, owner: "ada");
            Assert.True(answer.Code == (int)StatusCode.Unauthenticated, $"{kind}: {answer.Code} {answer.Message}");
            Assert.Equal("auth", answer.Details!.GetDetail<Google.Rpc.ErrorInfo>()!.Domain);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task An_operator_may_what_the_contract_states(string name) =>
        await MayAsync(name, Tokens.Authority.Operator(), PolicyOf(name).Roles.Contains("operator"));

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_user_may_what_is_its_own(string name) =>
        await MayAsync(name, Tokens.Authority.Person("ada"), PolicyOf(name).Owner.Length > 0 || PolicyOf(name).Roles.Contains("user"));

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_user_may_not_what_is_anothers(string name)
    {
        var method = Find(name);
        var owner = PolicyOf(name).Owner;
        // What only a row says is another's is not found: the tests of that service try it.
        var inRequest = owner.Length > 0 && method.InputType.FindFieldByName(owner.Split('.')[0]) is not null;
        await MayAsync(name, Tokens.Authority.Person("bob"), owner.Length > 0 && !inRequest);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_request_that_names_no_owner_is_not_the_callers(string name)
    {
        var method = Find(name);
        var owner = PolicyOf(name).Owner;
        if (owner.Length == 0 || method.InputType.FindFieldByName(owner.Split('.')[0]) is null)
            return;
        Assert.Equal((int)StatusCode.PermissionDenied, await CodeAsync(method, Tokens.Authority.Person("ada"), owner: ""));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_token_of_narrower_scope_does_less(string name)
    {
        foreach (var scope in PolicyOf(name).Scopes)
        {
            var others = TestAuthority.AllScopes.Where(each => each != scope).ToArray();
            await MayAsync(name, Tokens.Authority.Person("ada", ["user", "operator"], others), false);
            await MayAsync(name, Tokens.Authority.Person("ada", ["user", "operator"], [.. others, scope.ToUpperInvariant(), $"{scope}.more"]), false);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_service_may_what_the_contract_states_and_a_user_who_is_called_like_it_may_not(string name)
    {
        foreach (var service in (string[])["users", "orders", "notifications", "webhooks", "jobs", "gateway", "identity", "elsewhere"])
        {
            await MayAsync(name, Tokens.Authority.Workload(service), PolicyOf(name).Workloads.Contains(service));
            if (PolicyOf(name).Workloads.Contains(service))
                await MayAsync(name, Tokens.Authority.Sign(Tokens.Authority.Claims(service, "app", ["workload"], [])), false);
        }
    }

    private static MethodDescriptor Find(string name) => All.Single(method => method.FullName == name);

    private static AccessPolicy PolicyOf(string name) => Find(name).GetOptions().GetExtension(PolicyExtensions.Access);

    private async Task MayAsync(string name, string token, bool expected)
    {
        var code = await CodeAsync(Find(name), token, owner: "ada");
        Assert.NotEqual((int)StatusCode.Unauthenticated, code);
        Assert.True(expected == (code != (int)StatusCode.PermissionDenied), $"{name} was answered {code}");
    }

    /// <summary>How a call came out; of a stream, how what was asked for on it came out.</summary>
    private async Task<int> CodeAsync(MethodDescriptor method, string token, string owner)
    {
        var answer = await CallAsync(method, $"Bearer {token}", owner);
        if (answer.Code != 0 || !method.IsServerStreaming)
            return answer.Code;
        for (var body = answer.Body.AsSpan(); body.Length > 0;)
        {
            var length = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(body[1..]);
            var frame = method.OutputType.Parser.ParseFrom(body.Slice(5, length).ToArray()).ToString()!;
            if (Code().Match(frame) is { Success: true } code)
                return int.Parse(code.Groups["code"].Value, System.Globalization.CultureInfo.InvariantCulture);
            body = body[(5 + length)..];
        }

        return 0;
    }

    private async Task<WireAnswer> CallAsync(MethodDescriptor method, string authorization, string owner)
    {
        using var wire = new GrpcWire(hosts.AddressOf(method.File.Package));
        var body = GrpcWire.Frame(Request(method, owner).ToByteArray());
        // A subscription goes on and on, unless it is called off.
        if (method.InputType.FindFieldByName("unsubscribe") is { } unsubscribe)
        {
            var end = (IMessage)Activator.CreateInstance(method.InputType.ClrType)!;
            unsubscribe.Accessor.SetValue(end, new Microservices.Streaming.V1.EventUnsubscribe());
            body = [.. body, .. GrpcWire.Frame(end.ToByteArray())];
        }

        // A watch goes on and on, too: its deadline ends it.
        var isWatch = method.IsServerStreaming && !method.IsClientStreaming;
        return await wire.CallAsync($"/{method.Service.FullName}/{method.Name}", body, [("authorization", authorization), .. isWatch ? [("grpc-timeout", "300m")] : Array.Empty<(string, string)>()]);
    }

    /// <summary>A request that is about what is the owner's, and otherwise empty.</summary>
    private static IMessage Request(MethodDescriptor method, string owner)
    {
        var request = (IMessage)Activator.CreateInstance(method.InputType.ClrType)!;
        var message = request;
        method.InputType.FindFieldByName("reference")?.Accessor.SetValue(request, "1");
        foreach (var name in PolicyOf(method.FullName).Owner.Split('.'))
        {
            if (message.Descriptor.FindFieldByName(name) is not { } field)
                break;
            if (field.FieldType == FieldType.String)
            {
                field.Accessor.SetValue(message, owner);
                break;
            }

            var part = (IMessage)Activator.CreateInstance(field.MessageType.ClrType)!;
            if (field.IsRepeated)
                ((IList)field.Accessor.GetValue(message)).Add(part);
            else
                field.Accessor.SetValue(message, part);
            message = part;
        }

        return request;
    }

    // google.rpc.Status, wherever it is in a frame.
    [GeneratedRegex("""(?:"error"|"status"): \{ "code": (?<code>\d+)""")]
    private static partial Regex Code();
}
