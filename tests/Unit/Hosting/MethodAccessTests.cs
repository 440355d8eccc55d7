using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microservices.Auth.V1;
using Microservices.Hosting.Auth;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Hosting;

/// <summary>Every method says who may call it, and says so in a way that can be held to.</summary>
public sealed class MethodAccessTests
{
    private const string Begin = "<!-- access: written from the contracts; a test compares them -->\n";
    private const string End = "<!-- /access -->";

    public static TheoryData<string> Methods { get; } = [.. Contracts.Methods.Select(method => method.FullName)];

    [Fact]
    public void There_are_methods() => Assert.InRange(Contracts.Methods.Count, 22, 1000);

    [Theory]
    [MemberData(nameof(Methods))]
    public void Every_method_states_who_may_call_it(string method) =>
        Assert.NotNull(MethodAccess.Of(Contracts.Methods.Single(m => m.FullName == method)));

    [Theory]
    [MemberData(nameof(Methods))]
    public void What_a_user_may_do_to_its_own_an_operator_may_do_to_everybodys(string method)
    {
        var policy = MethodAccess.Of(Contracts.Methods.Single(m => m.FullName == method)).Policy;
        Assert.True(policy.Owner.Length == 0 || policy.Roles.Contains(Roles.Operator));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_scope_is_of_the_service_whose_data_it_opens(string method)
    {
        var named = Contracts.Methods.Single(m => m.FullName == method);
        var packages = Contracts.Methods.Select(m => m.File.Package.Split('.')[0]).ToHashSet();
        Assert.All(MethodAccess.Of(named).Policy.Scopes, scope => Assert.Contains(scope.Split('.')[0], packages));
    }

    [Fact]
    public void The_table_of_who_may_call_what_is_that_of_the_contracts()
    {
        var page = File.ReadAllText(Path.Combine(Needs.Root, "protos", "auth", "README.md"));
        var begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var table = Table();
        Assert.True(table == page[begin..page.IndexOf(End, StringComparison.Ordinal)], $"protos/auth/README.md must have this table:\n{table}");
    }

    [Fact]
    public void A_method_that_does_not_state_it_is_refused_by_name()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => MethodAccess.Of(MethodWith(null)));
        Assert.Equal("test.v1.TestService.Test does not state who may call it: give it the option (auth.v1.access).", refused.Message);
    }

    [Theory]
    [InlineData("""{ }""", "lets nobody in")]
    [InlineData("""{ "scopes": ["users.read"] }""", "lets nobody in")]
    [InlineData("""{ "roles": ["operator"] }""", "lets people in, and has no scope")]
    [InlineData("""{ "owner": "user_id" }""", "lets people in, and has no scope")]
    [InlineData("""{ "workloads": ["gateway"], "scopes": ["users.read"] }""", "has a scope, and lets no people in")]
    [InlineData("""{ "owner": "userid", "scopes": ["users.read"] }""", "has the owner userid, which is no string of GetUserRequest or GetUserResponse")]
    [InlineData("""{ "owner": "user", "scopes": ["users.read"] }""", "has the owner user, which is no string of GetUserRequest or GetUserResponse")]
    [InlineData("""{ "owner": "user.version", "scopes": ["users.read"] }""", "has the owner user.version, which is no string of GetUserRequest or GetUserResponse")]
    [InlineData("""{ "owner": "user.user_id.more", "scopes": ["users.read"] }""", "has the owner user.user_id.more, which is no string of GetUserRequest or GetUserResponse")]
    [InlineData("""{ "roles": ["admin"], "scopes": ["users.read"] }""", "has the role admin; there are user and operator")]
    [InlineData("""{ "workloads": ["gateway", ""] }""", "has an empty name")]
    public void A_policy_that_cannot_be_held_to_is_refused(string policy, string problem)
    {
        var refused = Assert.Throws<InvalidOperationException>(() => MethodAccess.Of(MethodWith(AccessPolicy.Parser.ParseJson(policy))));
        Assert.Equal($"test.v1.TestService.Test: its option (auth.v1.access) {problem}.", refused.Message);
    }

    [Theory]
    [InlineData("user_id", true)]
    [InlineData("user.user_id", false)]
    public void An_owner_is_in_the_request_or_in_the_response(string owner, bool inRequest) =>
        Assert.Equal(inRequest, MethodAccess.Of(MethodWith(new AccessPolicy { Owner = owner, Scopes = { "users.read" } })).IsOwnerInRequest);

    [Theory]
    [InlineData(typeof(LookupUsersRequest), "calls.user_id")]
    [InlineData(typeof(WatchUsersRequest), "subscribe.key")]
    [InlineData(typeof(UpdateUserRequest), "user.user_id")]
    public void An_owner_may_be_in_a_message_of_the_request_and_in_each_of_many(Type request, string owner) =>
        Assert.True(OwnerPath.Leads(((IMessage)Activator.CreateInstance(request)!).Descriptor, owner));

    private static string Table() => string.Concat(
        "| method | a user may, where this is the user's id | roles | services | scopes |\n|---|---|---|---|---|\n",
        string.Concat(Contracts.Methods.Select(method =>
        {
            var policy = MethodAccess.Of(method).Policy;
            return $"| {method.Service.FullName}/{method.Name} | {policy.Owner} | {string.Join(", ", policy.Roles)} | {string.Join(", ", policy.Workloads)} | {string.Join(", ", policy.Scopes)} |\n";
        })));

    /// <summary>A method from GetUserRequest to GetUserResponse with this policy.</summary>
    private static MethodDescriptor MethodWith(AccessPolicy? policy)
    {
        var method = new MethodDescriptorProto { Name = "Test", InputType = ".users.v1.GetUserRequest", OutputType = ".users.v1.GetUserResponse", Options = new MethodOptions() };
        if (policy is not null)
            method.Options.SetExtension(PolicyExtensions.Access, policy);
        var file = new FileDescriptorProto { Name = "test/v1/test.proto", Package = "test.v1", Syntax = "proto3", Dependency = { UsersReflection.Descriptor.Name } };
        file.Service.Add(new ServiceDescriptorProto { Name = "TestService", Method = { method } });
        var files = Contracts.WithDependencies(UsersReflection.Descriptor).Select(known => known.SerializedData).Append(file.ToByteString());
        return FileDescriptor.BuildFromByteStrings(files, new ExtensionRegistry { PolicyExtensions.Access })[^1].Services[0].Methods[0];
    }
}
