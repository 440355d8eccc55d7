using System.Diagnostics;
using System.Net;
using Microservices.Identity;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Identity;

/// <summary>Who is let in, how long it takes, and who has to wait.</summary>
public sealed class LoginTests(IdentityHost host) : IClassFixture<IdentityHost>
{
    // Documentation's addresses (RFC 5737): each test has its own, since failures count by address.
    private static int next;

    private static string NewAddress() => $"203.0.113.{Interlocked.Increment(ref next)}";

    [Fact]
    public async Task An_unknown_address_and_a_wrong_password_are_answered_alike_and_take_as_long()
    {
        var (_, email) = await host.NewAccountAsync();
        var (known, unknown) = (new List<TimeSpan>(), new List<TimeSpan>());
        var pages = new HashSet<string>();
        for (var i = 0; i < 12; i++)
        {
            // In turns, since other work on the machine comes and goes.
            foreach (var (address, times) in new[] { (email, known), ("nobody@example.com", unknown) })
            {
                await ForgetAsync();
                var browser = host.NewBrowser(NewAddress());
                var form = await browser.GetAsync("/account/login");
                var watch = Stopwatch.StartNew();
                var answer = await browser.SubmitAsync("/account/login", form, ("email", address), ("password", "a wrong password"));
                times.Add(watch.Elapsed);
                Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
                pages.Add(System.Text.RegularExpressions.Regex.Replace(answer.Page, "value=\"[^\"]*\"", ""));
            }
        }

        Assert.Single(pages);
        // The shortest of each: what the work takes when nothing else is in its way. Without a password to check it would be a tenth.
        Assert.InRange(known.Min() / unknown.Min(), 0.25, 4);
    }

    [Fact]
    public async Task After_five_failures_the_account_has_to_wait_but_not_in_a_browser_that_it_knows_and_never_for_good()
    {
        var (owner, email) = await host.NewAccountAsync();
        for (var i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(host.NewBrowser(NewAddress()), email, "a wrong password")).Status);

        // The wait of a second begins anew in 20 s: the machine may be slow.
        var (key, later) = (Backoff.AccountKey(Account.KeyOf(email)), DateTimeOffset.UtcNow.AddSeconds(20));
        await host.Database.WriteAsync(context => context.FailedAttempts.Where(attempts => attempts.Key == key).ExecuteUpdateAsync(set => set.SetProperty(attempts => attempts.LastTime, later)), default);

        var waiting = await LogInAsync(host.NewBrowser(NewAddress()), email, IdentityHost.Password);
        var known = await LogInAsync(owner, email, IdentityHost.Password);

        Assert.Equal(HttpStatusCode.TooManyRequests, waiting.Status);
        Assert.InRange(waiting.Response.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.Found, known.Status);
        // The owner has come: nobody waits any more.
        Assert.Equal(HttpStatusCode.Found, (await LogInAsync(host.NewBrowser(NewAddress()), email, IdentityHost.Password)).Status);
    }

    [Fact]
    public async Task The_wait_ends_by_itself()
    {
        var (_, email) = await host.NewAccountAsync();
        for (var i = 0; i < 5; i++)
            await LogInAsync(host.NewBrowser(NewAddress()), email, "a wrong password");

        await Eventually.UntilAsync(async () => (await LogInAsync(host.NewBrowser(NewAddress()), email, IdentityHost.Password)).Status == HttpStatusCode.Found, "the right password is taken");
    }

    [Fact]
    public async Task An_address_that_guesses_at_many_accounts_has_to_wait_and_nobody_else_does()
    {
        var (_, email) = await host.NewAccountAsync();
        var address = NewAddress();
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 12; i++)
            statuses.Add((await LogInAsync(host.NewBrowser(address), IdentityHost.NewEmail(), "a wrong password")).Status);

        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.Found, (await LogInAsync(host.NewBrowser(NewAddress()), email, IdentityHost.Password)).Status);
    }

    [Fact]
    public async Task What_was_counted_at_one_replica_makes_wait_at_another_and_of_IPv6_the_first_half_is_one_address()
    {
        var port = Eventually.FreePort();
        await using var another = await host.StartAsync(port);
        var (_, email) = await host.NewAccountAsync();
        for (var i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(host.NewBrowser($"2001:db8:7:7::{i + 1}"), IdentityHost.NewEmail(), "a wrong password")).Status);
        // The wait of a second begins anew in 20 s: the machine may be slow.
        var later = DateTimeOffset.UtcNow.AddSeconds(20);
        await host.Database.WriteAsync(context => context.FailedAttempts.Where(attempts => attempts.Key == Backoff.AddressKey("2001:db8:7:7::")).ExecuteUpdateAsync(set => set.SetProperty(attempts => attempts.LastTime, later)), default);

        var waiting = await LogInAsync(new Browser(new Uri($"http://127.0.0.1:{port}/"), "2001:db8:7:7::99"), email, IdentityHost.Password);
        var neighbour = await LogInAsync(new Browser(new Uri($"http://127.0.0.1:{port}/"), "2001:db8:7:8::1"), email, IdentityHost.Password);

        Assert.Equal(HttpStatusCode.TooManyRequests, waiting.Status);
        Assert.True(waiting.Response.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Equal(HttpStatusCode.Found, neighbour.Status);
    }

    [Fact]
    public async Task In_a_storm_from_one_address_others_get_in_and_the_rest_is_told_when_to_come_again()
    {
        const int Storm = 400;
        var (_, email) = await host.NewAccountAsync();
        var attacker = host.NewBrowser(NewAddress());
        var form = await attacker.GetAsync("/account/login");
        var owner = host.NewBrowser(NewAddress());
        var ownersForm = await owner.GetAsync("/account/login");

        var storm = Enumerable.Range(0, Storm).Select(_ => attacker.SubmitAsync("/account/login", form, ("email", IdentityHost.NewEmail()), ("password", "a wrong password"))).ToArray();
        var answer = await owner.SubmitAsync("/account/login", ownersForm, ("email", email), ("password", IdentityHost.Password));
        var answers = await Task.WhenAll(storm);

        Assert.Equal(HttpStatusCode.Found, answer.Status);
        var refused = answers.Where(one => one.Status == HttpStatusCode.TooManyRequests).ToList();
        Assert.All(refused, one => Assert.True(one.Response.Headers.RetryAfter?.Delta > TimeSpan.Zero));
        Assert.All(answers.Except(refused), one => Assert.Equal(HttpStatusCode.Unauthorized, one.Status));
        // However many come at once: five fail before the first has to wait.
        Assert.True(answers.Length - refused.Count < 10 + Environment.ProcessorCount, $"{answers.Length - refused.Count} passwords were checked");
    }

    [Fact]
    public async Task Only_a_trusted_proxy_says_whose_request_it_is()
    {
        var browser = host.NewBrowser("198.51.100.1, 198.51.100.2");
        await LogInAsync(browser, "spoofed@example.com", "a wrong password");

        // The last one, which the proxy has seen; what stands before it anybody may write.
        var addresses = await host.Database.ReadAsync(context => Task.FromResult(context.AuditRecords.Select(record => record.Address).Distinct().ToList()), default);
        Assert.Contains("198.51.100.2", addresses);
        Assert.DoesNotContain("198.51.100.1", addresses);
    }

    [Fact]
    public async Task A_form_that_another_site_submits_is_refused()
    {
        var (browser, email) = await host.NewAccountAsync();

        Assert.Equal(HttpStatusCode.BadRequest, (await host.NewBrowser(NewAddress()).PostAsync("/account/login", ("email", email), ("password", IdentityHost.Password))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.PostAsync("/account", ("everywhere", "true"))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.PostAsync(Tokens.Authorize(), ("answer", "yes"))).Status);
    }

    [Fact]
    public async Task Pages_are_in_no_frame_run_no_script_and_are_not_kept()
    {
        var page = await host.NewBrowser(NewAddress()).GetAsync("/account/login");

        var policy = page.Response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("script-src", policy, StringComparison.Ordinal);
        Assert.True(page.Response.Headers.CacheControl!.NoStore);
        Assert.Equal("nosniff", page.Response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal(HttpStatusCode.OK, (await host.NewBrowser(NewAddress()).GetAsync("/account/style.css")).Status);
    }

    [Fact]
    public async Task A_session_that_is_ended_lets_no_token_of_it_be_renewed()
    {
        var (browser, _) = await host.NewAccountAsync();
        var tokens = await host.LogInAsync(browser);

        var answer = await browser.SubmitAsync("/account");

        Assert.Equal("/account/login", answer.Location);
        Assert.Equal("invalid_grant", (await host.RefreshAsync(tokens.Text("refresh_token"))).Body.Text("error"));
    }

    private static Task<Answer> LogInAsync(Browser browser, string email, string password) => browser.SubmitAsync("/account/login", ("email", email), ("password", password));

    // So that the account, which this test is not about, need not wait.
    private Task<int> ForgetAsync() => host.Database.WriteAsync(context => context.FailedAttempts.Where(attempts => attempts.Key.StartsWith("account:")).ExecuteDeleteAsync(), default);
}
