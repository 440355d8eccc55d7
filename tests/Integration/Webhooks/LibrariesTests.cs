using System.Text;
using System.Text.Json;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>Libraries that are not ours take what is sent; the one of .NET is in <see cref="DeliveryTests"/>.</summary>
public sealed class LibrariesTests(WebhooksHost host) : WebhooksTestBase(host), IClassFixture<WebhooksHost>
{
    [FactNeeding(Need.WebhookLibraries)]
    public async Task Libraries_of_npm_take_a_message_as_it_was_sent_and_none_that_was_changed()
    {
        var (endpoint, secret) = await CreateAsync();
        await host.HappensAsync(Placed("order-1"));
        await UntilAsync(endpoint, DeliveryState.Delivered, 1);
        var hook = Assert.Single(receiver.Received);

        var folder = Directory.CreateTempSubdirectory("libraries-").FullName;
        var (message, script) = (Path.Combine(folder, "message.json"), Path.Combine(folder, "verify.mjs"));
        await File.WriteAllTextAsync(message, JsonSerializer.Serialize(new { secret, headers = hook.Headers, body = Encoding.UTF8.GetString(hook.Body) }));
        File.Copy(Path.Combine(Needs.Root, "tests", "Integration", "Webhooks", "verify.mjs"), script);
        File.CreateSymbolicLink(Path.Combine(folder, "node_modules"), Path.Combine(Needs.Root, "tests", ".tools", "node_modules"));
        var (exitCode, output, error) = await Shell.RunAsync($"node '{script}' '{message}'");
        Directory.Delete(folder, recursive: true);

        Assert.True(exitCode == 0, error);
        Assert.Equal("true false\ntrue false\n", output);
    }
}
