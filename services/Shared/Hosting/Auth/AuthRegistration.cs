using System.Diagnostics.Metrics;
using Microservices.Primitives;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Auth;

internal static class AuthRegistration
{
    /// <summary>Registers it, for a process of this name.</summary>
    public static void AddAuth(this WebApplicationBuilder builder, string name)
    {
        builder.Services.AddValidatedOptions<AuthOptions, AuthOptionsValidator>("Auth");
        builder.RefuseOutsideDevelopment("Auth:Authority", services =>
            services.GetRequiredService<IOptions<AuthOptions>>().Value.Authority is var issuer && !issuer.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
                ? $"must be https outside Development, the address that people have in their browsers, but is '{issuer}'"
                : null);
        builder.Services.AddSingleton<AuthorityClient>();
        // The authority itself has another one.
        builder.Services.AddSingleton(services => KeySource.Of(services.GetRequiredService<IOptions<AuthOptions>>().Value, services.GetRequiredService<AuthorityClient>));
        builder.Services.AddSingleton(services => new Kept(services.GetRequiredService<IOptions<AuthOptions>>().Value, services.GetRequiredService<ILogger<Kept>>()));
        builder.Services.AddSingleton(services => new KeySet(
            services.GetRequiredService<KeySource>(), services.GetRequiredService<Kept>(), TimeProvider.System, services.GetRequiredService<ILogger<KeySet>>()));
        builder.Services.AddSingleton(services => new TokenCache(services.GetRequiredService<IOptions<AuthOptions>>().Value.MaxCachedBytes, TimeProvider.System));
        builder.Services.AddSingleton(services => new TokenCheck(
            services.GetRequiredService<KeySet>(), services.GetRequiredService<TokenCache>(), services.GetRequiredService<IOptions<AuthOptions>>(), TimeProvider.System));
        builder.Services.AddSingleton(_ => new Revocations(TimeProvider.System));
        builder.Services.AddSingleton(services => new CallerCheck(
            services.GetRequiredService<TokenCheck>(), services.GetRequiredService<Revocations>(), TimeProvider.System, services.GetService<IRequestLimits>()));
        builder.Services.AddSingleton<IStreamAccess, StreamAccess>();
        builder.Services.AddSingleton(services => TokenOf(services.GetRequiredService<IOptions<AuthOptions>>().Value, services));
        builder.Services.AddSingleton(services => new TokenRequests(services.GetRequiredService<IOptions<AuthOptions>>().Value, name, services.GetRequiredService<AuthorityClient>(), TimeProvider.System));
        builder.Services.AddSingleton<IStreamCredentials>(services => services.GetRequiredService<OwnToken>());
        builder.Services.AddSingleton<KeysCheck>();
        builder.Services.AddHealthChecks().AddCheck<KeysCheck>("keys");
        builder.Services.AddHostedService<KeysAtStart>();
        builder.Services.AddHostedService<OwnTokens>();
        // After them: it calls in the process's own name.
        if (builder.Configuration["Auth:RevocationsAddress"] is { Length: > 0 } address)
        {
            builder.Services.AddHostedService(services => new RevocationFollower(
                () => Backends.Connect([address], services), services.GetRequiredService<Revocations>(), services.GetRequiredService<IMeterFactory>(),
                TimeProvider.System, services.GetRequiredService<ILogger<RevocationFollower>>()));
        }
    }

    private static OwnToken TokenOf(AuthOptions options, IServiceProvider services) => options.KeyFile is null
        ? new FileToken(options.TokenFile, TimeProvider.System)
        : new RenewedToken(services.GetRequiredService<TokenRequests>(), services.GetRequiredService<Kept>(), TimeProvider.System, services.GetRequiredService<ILogger<RenewedToken>>());

    /// <summary>Reads the keys before the process takes calls.</summary>
    private sealed class KeysAtStart(KeySet keys) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => keys.StartAsync("Auth:KeysFile");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Checks that a process that calls others can get tokens of its own, and gets them while it runs.</summary>
    private sealed class OwnTokens(OwnToken token, IOptions<AuthOptions> options, IConfiguration configuration) : BackgroundService
    {
        public override Task StartAsync(CancellationToken cancellationToken)
        {
            if (options.Value.KeyFile is { } file)
                PrivateKey.Read(file);
            else if (options.Value.TokenFile is null && configuration.GetSection("Backends").GetChildren().FirstOrDefault() is { } backend)
                throw new InvalidSettingException("Auth:KeyFile", $"must be the file with the process's private key, since it calls another service ({backend.Path}), but is missing: make one with dotnet run --project deploy/local -- keys DIR");
            (token as RenewedToken)?.Start();
            return base.StartAsync(cancellationToken);
        }

        protected override Task ExecuteAsync(CancellationToken stoppingToken) => token is RenewedToken renewed ? renewed.RunAsync(stoppingToken) : Task.CompletedTask;
    }
}
