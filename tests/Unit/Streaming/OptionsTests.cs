using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microservices.Tests.Unit.Streaming;

public sealed class OptionsTests
{
    [Theory]
    [InlineData("Users:Addresses:0", "users:5001")]
    [InlineData("Users:Addresses:0", "dns:///users")]
    [InlineData("Users:DefaultTimeout", "00:00:00")]
    [InlineData("Users:HedgeBudget", "2")]
    [InlineData("Users:ReconnectBackoff", "00:01:00")]
    [InlineData("Users:MaxFrameBytes", "983041")]
    [InlineData("Users:MaxFrameBytes", "3145728")]
    [InlineData("CallStreams:Credit", "0")]
    [InlineData("CallStreams:WriteTimeout", "1.00:00:00")]
    public void A_wrong_setting_is_refused_and_named(string key, string value)
    {
        var error = Assert.Throws<OptionsValidationException>(() => Validate((key, value)));

        Assert.Contains(key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_without_an_address_is_refused()
    {
        var error = Assert.Throws<OptionsValidationException>(() => Validate(("Users:Addresses:0", null)));

        Assert.Contains("Users:Addresses", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:5001")]
    [InlineData("https://users.example:443")]
    [InlineData("dns:///users.default.svc:5001")]
    public void Addresses_and_names_are_accepted(string address) => Validate(("Users:Addresses:0", address));

    [Fact]
    public async Task A_name_becomes_all_its_addresses()
    {
        var found = await new ConfiguredReplicas(["dns:///localhost:5001", "http://10.1.2.3:5002"]).ResolveAsync(CancellationToken.None);

        Assert.Contains(new Uri("http://127.0.0.1:5001"), found);
        Assert.Contains(new Uri("http://10.1.2.3:5002"), found);
    }

    private static void Validate(params (string Key, string? Value)[] settings)
    {
        var all = new Dictionary<string, string?> { ["Users:Addresses:0"] = "http://127.0.0.1:5001" };
        foreach (var (key, value) in settings)
            all[key] = value;
        using var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(all.Where(a => a.Value is not null)).Build())
            .AddCallStreamClient(UsersService.LookupUsers, "Users")
            .AddCallStreamServer<LookupUsersCall, LookupUsersResult, Handler>(UsersService.LookupUsers)
            .BuildServiceProvider();
        services.GetRequiredService<IStartupValidator>().Validate();
    }

    private sealed class Handler : ICallBatchHandler<LookupUsersCall, LookupUsersResult>
    {
        public ValueTask HandleAsync(CallBatch<LookupUsersCall, LookupUsersResult> batch, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
