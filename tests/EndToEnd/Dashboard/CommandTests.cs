using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microservices.Local;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Microservices.Tests.EndToEnd.Dashboard;

/// <summary>What the buttons of the dashboard do to a service: the same commands, given to the AppHost in the process of the test.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task A_service_that_a_user_stops_starts_and_restarts_has_not_died()
    {
        var data = Directory.CreateTempSubdirectory("suite-").FullName;
        var builder = await DistributedApplicationTestingBuilder.CreateAsync(typeof(Catalog), ["--no-dashboard", "--data", data]);
        await using (var app = await builder.BuildAsync())
        {
            var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
            await app.StartAsync();
            await UntilReadyAsync(app);

            await RunAsync(app, KnownResourceCommands.StopCommand);
            await Eventually.UntilAsync(async () => !await IsReadyAsync(), "orders has stopped");
            await RunAsync(app, KnownResourceCommands.StartCommand);
            await UntilReadyAsync(app);
            await RunAsync(app, KnownResourceCommands.RestartCommand);
            await UntilReadyAsync(app);

            foreach (var service in Catalog.Services)
                await UntilHealthyAsync(app, service.Name);
            Assert.False(stopping.IsCancellationRequested);
        }

        Directory.Delete(data, recursive: true);
    }

    private static async Task RunAsync(DistributedApplication app, string command)
    {
        var result = await app.ResourceCommands.ExecuteCommandAsync("orders", command).WaitAsync(Eventually.Timeout);
        Assert.True(result.Success, $"{command}: {result.Message}");
    }

    private static async Task UntilReadyAsync(DistributedApplication app)
    {
        await UntilHealthyAsync(app, "orders");
        await Eventually.UntilAsync(IsReadyAsync, "orders is ready");
    }

    // Just after a command, the newest news of a resource may be the end of the process before.
    private static async Task UntilHealthyAsync(DistributedApplication app, string name) =>
        await app.ResourceNotifications.WaitForResourceHealthyAsync(name, WaitBehavior.WaitOnResourceUnavailable).WaitAsync(Eventually.Timeout);

    private static async Task<bool> IsReadyAsync()
    {
        using var http = new HttpClient();
        try
        {
            using var answer = await http.GetAsync(new Uri("http://127.0.0.1:9002/health/ready"));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
