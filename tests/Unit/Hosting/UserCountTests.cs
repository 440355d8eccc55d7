using System.Collections.Frozen;
using Google.Rpc;
using Grpc.Core;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;

namespace Microservices.Tests.Unit.Hosting;

/// <summary>A user may have three open.</summary>
public sealed class UserCountTests
{
    private readonly UserCount count = new("TOO_MANY_THINGS", "things", 3);

    [Fact]
    public void A_user_has_so_many_and_as_many_again_when_they_have_ended()
    {
        var ada = Person("ada");
        var open = Enumerable.Range(0, 3).Select(_ => count.Open(ada)).ToArray();

        var refused = Assert.Throws<StatusException>(() => count.Open(ada)).Status;
        Assert.Equal((int)StatusCode.ResourceExhausted, refused.Code);
        Assert.Equal("TOO_MANY_THINGS", refused.GetDetail<ErrorInfo>().Reason);
        Assert.Equal("user", Assert.Single(refused.GetDetail<QuotaFailure>().Violations).Subject);
        count.Open(Person("bob")).Dispose();

        open[0].Dispose();
        count.Open(ada).Dispose();
        foreach (var one in open[1..])
            one.Dispose();
        Assert.Equal(0, count.Users);
    }

    [Fact]
    public void Operators_and_services_are_not_counted()
    {
        foreach (var caller in (Principal[])[Person("operator", "user", "operator"), Person("gateway", isWorkload: true)])
        {
            for (var i = 0; i < 10; i++)
                count.Open(caller);
        }

        Assert.Equal(0, count.Users);
    }

    private static Principal Person(string id, params string[] roles) => Person(id, false, roles);

    private static Principal Person(string id, bool isWorkload, params string[] roles) =>
        new() { Subject = id, IsWorkload = isWorkload, Roles = roles.ToFrozenSet(), Scopes = [], Expires = DateTimeOffset.MaxValue };
}
