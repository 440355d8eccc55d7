using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Auth;

internal static class AuthRegistration
{
    public static void AddAuth(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<AuthOptions, AuthOptionsValidator>("Auth");
        builder.Services.AddSingleton(services => new KeySet(
            KeySource.Of(services.GetRequiredService<IOptions<AuthOptions>>().Value), TimeProvider.System, services.GetRequiredService<ILogger<KeySet>>()));
        builder.Services.AddSingleton(services => new TokenCache(services.GetRequiredService<IOptions<AuthOptions>>().Value.MaxCachedBytes, TimeProvider.System));
        builder.Services.AddSingleton(services => new TokenCheck(
            services.GetRequiredService<KeySet>(), services.GetRequiredService<TokenCache>(), services.GetRequiredService<IOptions<AuthOptions>>(), TimeProvider.System));
        builder.Services.AddSingleton(services => new CallerCheck(services.GetRequiredService<TokenCheck>()));
        builder.Services.AddSingleton<IStreamAccess, StreamAccess>();
        builder.Services.AddSingleton<OwnToken>();
        builder.Services.AddSingleton<IStreamCredentials>(services => services.GetRequiredService<OwnToken>());
        builder.Services.AddHostedService<KeysAtStart>();
    }

    /// <summary>Reads the keys before the process takes calls.</summary>
    private sealed class KeysAtStart(KeySet keys) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => keys.StartAsync("Auth:KeysFile");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
