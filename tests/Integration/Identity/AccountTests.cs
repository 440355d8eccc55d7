using System.Net;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Identity;
using Microservices.Identity.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Integration.Identity;

/// <summary>Accounts from registration on, their roles, and the audit log of it all.</summary>
public sealed class AccountTests(IdentityHost host) : IClassFixture<IdentityHost>
{
    private Microservices.Identity.V1.IdentityService.IdentityServiceClient Client => new(host.Identity.Channel);

    [Fact]
    public async Task What_cannot_be_registered_is_said_by_field()
    {
        var (_, email) = await host.NewAccountAsync();
        var taken = await RegisterAsync("Ada", email.ToUpperInvariant(), IdentityHost.Password);
        var bad = await RegisterAsync("Ada", "no address", "short");
        var refusedByUsers = await RegisterAsync("\u202e", IdentityHost.NewEmail(), IdentityHost.Password);

        Assert.All((Answer[])[taken, bad, refusedByUsers], answer => Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status));
        Assert.Contains("e-mail address cannot be used", taken.Page, StringComparison.Ordinal);
        Assert.Contains("must be an e-mail address", bad.Page, StringComparison.Ordinal);
        Assert.Contains("10 to 128 characters", bad.Page, StringComparison.Ordinal);
        Assert.Contains("The name", refusedByUsers.Page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_whom_somebody_else_has_made_is_nobodys_to_register()
    {
        var email = IdentityHost.NewEmail();
        await new Microservices.Users.V1.UsersService.UsersServiceClient(host.Users.Channel).CreateUserAsync(new() { DisplayName = "Grace", Email = email });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await RegisterAsync("Mallory", email, IdentityHost.Password)).Status);
    }

    [Fact]
    public async Task A_registration_that_was_cut_short_goes_on_when_its_owner_logs_in()
    {
        var (_, email) = await host.NewAccountAsync();
        await host.Database.WriteAsync(context => context.Accounts.Where(a => a.Email == email).ExecuteUpdateAsync(set => set.SetProperty(a => a.IsRegistered, false)), default);

        var answer = await host.NewBrowser("192.0.2.77").SubmitAsync("/account/login", ("email", email), ("password", IdentityHost.Password));

        Assert.Equal(HttpStatusCode.Found, answer.Status);
        Assert.True(await host.Database.ReadAsync(context => context.Accounts.Where(a => a.Email == email).Select(a => a.IsRegistered).SingleAsync(), default));
    }

    [Fact]
    public async Task An_operator_sets_roles_and_ends_sessions_and_nobody_else_does()
    {
        var (browser, _) = await host.NewAccountAsync();
        var token = (await host.LogInAsync(browser, ForOperators)).Text("access_token");
        var me = Tokens.Claims(token).Text("sub");
        await FailsAsync(StatusCode.Unauthenticated, null, me);
        await FailsAsync(StatusCode.PermissionDenied, token, me);

        await SetOperatorAsync(me, true);
        // What a token says, it goes on saying; the next one says what the account is now.
        await FailsAsync(StatusCode.PermissionDenied, token, me);
        token = (await host.LogInAsync(browser, ForOperators)).Text("access_token");
        var (other, _) = await host.NewAccountAsync();
        var others = await host.LogInAsync(other);
        var user = Tokens.Claims(others.Text("access_token")).Text("sub");

        Assert.Equal([Role.Operator], (await Client.SetRolesAsync(new SetRolesRequest { UserId = user, Roles = { Role.Operator } }, Bearer(token))).Roles);
        Assert.Equal(["user", "operator"], Tokens.Claims((await host.RefreshAsync(others.Text("refresh_token"))).Body.Text("access_token"))["roles"]!.AsArray().Select(role => role!.GetValue<string>()));
        Assert.Equal(1, (await Client.EndSessionsAsync(new EndSessionsRequest { UserId = user }, Bearer(token))).Ended);
        await FailsAsync(StatusCode.PermissionDenied, others.Text("access_token"), user);
        await FailsAsync(StatusCode.NotFound, token, "nobody");
        // A token of the same operator that was asked for less.
        await FailsAsync(StatusCode.PermissionDenied, (await host.LogInAsync(browser)).Text("access_token"), user);
        // The role was taken away; the session has ended: though the token has not expired.
        await SetOperatorAsync(me, false);
        Assert.Equal("NOT_OPERATOR", (await FailsAsync(StatusCode.PermissionDenied, token, user)).GetDetail<Google.Rpc.ErrorInfo>()!.Reason);
        await SetOperatorAsync(me, true);
        Assert.Equal([Role.Operator], (await Client.SetRolesAsync(new SetRolesRequest { UserId = user, Roles = { Role.Operator } }, Bearer(token))).Roles);
        await Client.EndSessionsAsync(new EndSessionsRequest { UserId = me }, Bearer(token));
        Assert.Equal("SESSION_ENDED", (await FailsAsync(StatusCode.Unauthenticated, token, user)).GetDetail<Google.Rpc.ErrorInfo>()!.Reason);
    }

    [Fact]
    public async Task An_operator_in_the_view_of_a_user_is_none()
    {
        var (browser, _) = await host.NewAccountAsync();
        var me = Tokens.Claims((await host.LogInAsync(browser)).Text("access_token")).Text("sub");
        await SetOperatorAsync(me, true);
        var given = (await host.LogInAsync(browser, ForOperators)).Text("access_token");
        // Also of another operator, and of itself.
        var (status, body) = await host.AskAsWorkerAsync(host.Assertion(), ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", given),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"), ("requested_subject", me));

        Assert.True(status == HttpStatusCode.OK, $"{body}");
        await FailsAsync(StatusCode.PermissionDenied, body.Text("access_token"), me);
    }

    [Fact]
    public async Task No_forged_token_is_an_operators()
    {
        var (browser, _) = await host.NewAccountAsync();
        var me = Tokens.Claims((await host.LogInAsync(browser)).Text("access_token")).Text("sub");
        await SetOperatorAsync(me, true);
        var tokens = await host.LogInAsync(browser, ForOperators);
        var token = tokens.Text("access_token");
        await Client.SetRolesAsync(new SetRolesRequest { UserId = me, Roles = { Role.Operator } }, Bearer(token));

        var parts = token.Split('.');
        var keys = host.Identity.Services.GetRequiredService<SigningKeys>().Current;
        var publicKey = ((ECDsaSecurityKey)keys[0].Credentials.Key).ECDsa.ExportSubjectPublicKeyInfo();
        string Signed(SigningCredentials credentials, string type) => new JsonWebTokenHandler().CreateToken(Base64UrlEncoder.Decode(parts[1]), credentials, new Dictionary<string, object> { ["typ"] = type });
        string[] forged =
        [
            $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"at+jwt"}""")}.{parts[1]}.",
            Signed(new(new SymmetricSecurityKey(publicKey) { KeyId = keys[0].Credentials.Key.KeyId }, SecurityAlgorithms.HmacSha256), "at+jwt"),
            Signed(new(new ECDsaSecurityKey(System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256)) { KeyId = keys[0].Credentials.Key.KeyId }, SecurityAlgorithms.EcdsaSha256), "at+jwt"),
            Signed(keys[0].Credentials, "JWT"),
            $"{parts[0]}.{Base64UrlEncoder.Encode(Base64UrlEncoder.Decode(parts[1]).Replace("\"user\"", "\"operator\"", StringComparison.Ordinal))}.{parts[2]}",
            tokens.Text("id_token"),
            new string('a', 64 << 10),
        ];
        foreach (var forgery in forged.Take(6))
            await FailsAsync(StatusCode.Unauthenticated, forgery, me);
    }

    [Fact]
    public async Task A_record_of_the_audit_log_that_is_changed_or_deleted_is_found()
    {
        await host.NewAccountAsync();
        var audit = host.Identity.Services.GetRequiredService<AuditLog>();
        Assert.Null(await audit.VerifyAsync(default));
        var last = await host.Database.ReadAsync(context => context.AuditRecords.MaxAsync(record => record.Sequence), default);
        var record = await host.Database.ReadAsync(context => context.AuditRecords.SingleAsync(r => r.Sequence == last), default);

        await host.Database.WriteAsync(context => context.AuditRecords.Where(r => r.Sequence == last).ExecuteUpdateAsync(set => set.SetProperty(r => r.Address, "192.0.2.1")), default);
        Assert.Equal(last, await audit.VerifyAsync(default));
        await host.Database.WriteAsync(context => context.AuditRecords.Where(r => r.Sequence == last).ExecuteDeleteAsync(), default);
        Assert.Equal(last, await audit.VerifyAsync(default));
        await host.Database.WriteAsync(context =>
        {
            context.AuditRecords.Add(record);
            return Task.FromResult(true);
        }, default);
        Assert.Null(await audit.VerifyAsync(default));
        await host.Database.WriteAsync(context => context.AuditRecords.Where(r => r.Sequence == 1).ExecuteDeleteAsync(), default);
        Assert.Equal(1, await audit.VerifyAsync(default));
    }

    [Fact]
    public void The_id_of_a_session_may_always_be_named_in_a_request() =>
        Assert.All(Enumerable.Range(0, 1_000).Select(_ => Microservices.Identity.Session.NewId()), id => Assert.True(FieldViolations.IsId(id), id));

    private static readonly string ForOperators = Tokens.Authorize("openid offline_access identity.write");

    private Task<int> SetOperatorAsync(string userId, bool isOperator) =>
        host.Database.WriteAsync(context => context.Accounts.Where(a => a.UserId == userId).ExecuteUpdateAsync(set => set.SetProperty(a => a.IsOperator, isOperator)), default);

    private static Metadata Bearer(string token) => new() { { "authorization", $"Bearer {token}" } };

    private Task<Answer> RegisterAsync(string name, string email, string password) =>
        host.NewBrowser("192.0.2.5").SubmitAsync("/account/register", ("displayName", name), ("email", email), ("password", password));

    private Task<Google.Rpc.Status> FailsAsync(StatusCode code, string? token, string userId) =>
        Errors.FailsAsync(code, Client.SetRolesAsync(new SetRolesRequest { UserId = userId, Roles = { Role.Operator } }, token is null ? [] : Bearer(token)));
}
