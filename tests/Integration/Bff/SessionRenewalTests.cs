using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Bff;

/// <summary>A browser's session outlives the access tokens that the gateway gets for it.</summary>
public sealed class SessionRenewalTests(BffHost host) : IClassFixture<BffHost>
{
    [Fact]
    public async Task A_session_goes_on_while_its_tokens_expire()
    {
        var (browser, userId) = await host.NewSessionAsync();
        var ends = DateTime.UtcNow + TimeSpan.FromSeconds(32);

        // Longer than two of them are taken, with what clocks may differ by.
        await Eventually.UntilAsync(
            async () =>
            {
                Assert.Equal(200, (await browser.ApiAsync("GET", $"/v1/users/{userId}")).Status);
                return DateTime.UtcNow > ends;
            }, "two tokens have expired", TimeSpan.FromMinutes(2));
    }
}
