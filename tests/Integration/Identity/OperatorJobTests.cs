using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Identity;

/// <summary>How the first operator is made: by a process of Identity that serves nothing.</summary>
public sealed class OperatorJobTests(IdentityHost host) : IClassFixture<IdentityHost>
{
    [Fact]
    public async Task Somebody_who_has_registered_is_made_an_operator_and_the_audit_log_tells_of_it()
    {
        var (browser, email) = await host.NewAccountAsync();
        var me = Tokens.Claims((await host.LogInAsync(browser)).Text("access_token")).Text("sub");

        var (code, output, error) = await host.RunAsync($"--Identity:MakeOperatorAndExit={email.ToUpperInvariant()}");

        Assert.True(code == 0 && error.Length == 0, output + error);
        Assert.Contains($"{me} is an operator; done", output, StringComparison.Ordinal);
        Assert.True(await host.Database.ReadAsync(context => context.Accounts.Where(account => account.UserId == me).Select(account => account.IsOperator).SingleAsync(), default));
        var record = await host.Database.ReadAsync(context => context.AuditRecords.SingleAsync(r => r.Subject == me && r.Event == "roles-set"), default);
        Assert.Equal("identity", record.Actor);
    }

    [Fact]
    public async Task An_address_that_nobody_has_registered_is_said_to_be_none()
    {
        var (code, output, error) = await host.RunAsync("--Identity:MakeOperatorAndExit=nobody@example.com");

        Assert.Equal(1, code);
        Assert.Contains("Identity:MakeOperatorAndExit must be the e-mail address of somebody who has registered", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
    }
}
