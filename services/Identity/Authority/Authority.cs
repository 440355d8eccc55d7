using System.Security.Cryptography;
using Microservices.Auth.V1;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Primitives;
using Microservices.Sealing;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Microservices.Identity;

/// <summary>The OpenID Connect authority: OpenIddict, and what it is told.</summary>
internal static class Authority
{
    /// <summary>Whom access tokens are for: every service of the suite.</summary>
    public const string Audience = "microservices";

    /// <summary>The session that a token belongs to.</summary>
    public const string SessionClaim = TokenClaims.SessionId;

    /// <summary>What the user may do beyond what every user may.</summary>
    public const string RolesClaim = TokenClaims.Roles;

    /// <summary>Who acts for the user (RFC 8693).</summary>
    public const string ActorClaim = TokenClaims.Actor;

    private const string IssuerKey = "Identity:Issuer";

    /// <summary>The scopes that there are: those of OpenID Connect, and those that the contracts state.</summary>
    public static readonly string[] Scopes = ["openid", "offline_access", .. ContractScopes.All];

    /// <summary>Registers it.</summary>
    /// <exception cref="InvalidSettingException">The certificate cannot be used.</exception>
    public static void AddAuthority(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<IdentityOptions, IdentityOptionsValidator>("Identity");
        builder.Services.PostConfigure<IdentityOptions>(options =>
        {
            if (options.Clients.All(client => client.ClientId != ClientDefinition.CommandLineId))
                options.Clients.Add(ClientDefinition.CommandLine());
        });
        builder.RefuseOutsideDevelopment(IssuerKey, services => services.GetRequiredService<IOptions<IdentityOptions>>().Value.Issuer is var issuer && !issuer.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            ? $"must be https outside Development, the address that people have in their browsers, but is '{issuer}'"
            : null);
        // OpenIddict's stores, and Data Protection's.
        builder.Services.AddScoped(services => services.GetRequiredService<IDbContextFactory<IdentityDbContext>>().CreateDbContext());
        builder.AddSealing<IdentityDbContext>("Identity");
        builder.Services.AddSingleton<SigningKeys>();
        // Its own callers have its own tokens.
        builder.Services.AddSingleton<KeySource, OwnKeySource>();
        builder.Services.AddOptions<AuthOptions>().PostConfigure<IOptions<IdentityOptions>>((auth, identity) => (auth.Authority, auth.Audience) = (identity.Value.IssuerUri.AbsoluteUri, Audience));
        builder.Services.AddHostedService<KeyRotation>();
        builder.Services.AddHostedService<Clients>();
        builder.Services.AddHostedService<TokenCleaner>();
        builder.Services.AddScoped<Grants>();
        builder.Services.AddSingleton<IOptionsChangeTokenSource<OpenIddictServerOptions>, KeyChanges>();
        builder.Services.AddOptions<OpenIddictServerOptions>().Configure<IOptions<IdentityOptions>, SigningKeys>(Configure);
        builder.Services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<IdentityDbContext>())
            .AddServer(Configure);
        builder.AddSessionCookie();
    }

    private static void Configure(OpenIddictServerBuilder server)
    {
        server.SetAuthorizationEndpointUris("connect/authorize").SetTokenEndpointUris("connect/token").SetDeviceAuthorizationEndpointUris("connect/device")
            .SetEndUserVerificationEndpointUris("connect/verify").SetEndSessionEndpointUris("connect/logout").SetRevocationEndpointUris("connect/revoke")
            .AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange().AllowRefreshTokenFlow().AllowDeviceAuthorizationFlow()
            .AllowClientCredentialsFlow().AllowTokenExchangeFlow().AllowCustomFlow(Grants.SessionGrant)
            .RegisterScopes(Scopes)
            .DisableAccessTokenEncryption().UseReferenceRefreshTokens().SetRefreshTokenReuseLeeway(TimeSpan.Zero)
            // OpenIddict asks for one, and nothing is encrypted by it: all but what others read is sealed by Data Protection.
            .AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)));
        server.UseDataProtection().PreferDefaultAccessTokenFormat();
        server.AddEventHandler(ReuseDetection.Descriptor).AddEventHandler(ExchangedTokens.Descriptor).AddEventHandler(RevokedTokens.Descriptor);
        server.UseAspNetCore()
            .EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough().EnableEndUserVerificationEndpointPassthrough().EnableEndSessionEndpointPassthrough()
            .EnableStatusCodePagesIntegration()
            // The gateway, or what stands before it, ends TLS; that the issuer is https is checked at start.
            .DisableTransportSecurityRequirement();
        server.Configure(options =>
        {
            options.CodeChallengeMethods.Remove(CodeChallengeMethods.Plain);
            // No secrets that are shared.
            options.ClientAuthenticationMethods.IntersectWith([ClientAuthenticationMethods.PrivateKeyJwt]);
            options.ResponseModes.IntersectWith([ResponseModes.Query, ResponseModes.FormPost]);
        });
    }

    private static void Configure(OpenIddictServerOptions server, IOptions<IdentityOptions> identity, SigningKeys keys)
    {
        server.Issuer = identity.Value.IssuerUri;
        server.AccessTokenLifetime = server.IdentityTokenLifetime = identity.Value.AccessTokenLifetime;
        server.RefreshTokenLifetime = identity.Value.SessionLifetime;
        server.SigningCredentials.AddRange(keys.Current.Select(key => key.Credentials));
    }

    private static void AddSessionCookie(this WebApplicationBuilder builder)
    {
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        builder.Services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme).Configure<IOptions<IdentityOptions>, TimeProvider>((cookie, identity, time) =>
        {
            var secure = identity.Value.IssuerUri.Scheme == "https";
            cookie.Cookie.Name = SessionCookie.NameOf("login", secure);
            cookie.Cookie.SecurePolicy = secure ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
            cookie.Cookie.SameSite = SameSiteMode.Lax;
            cookie.LoginPath = "/account/login";
            cookie.ReturnUrlParameter = "returnUrl";
            cookie.ExpireTimeSpan = identity.Value.SessionLifetime;
            cookie.SlidingExpiration = false;
            cookie.TimeProvider = time;
            cookie.Events.OnValidatePrincipal = SessionCookie.ValidateAsync;
        });
    }

    // OpenIddict reads its options anew when the keys are others.
    private sealed class KeyChanges(SigningKeys keys) : IOptionsChangeTokenSource<OpenIddictServerOptions>
    {
        public string Name => Options.DefaultName;

        public IChangeToken GetChangeToken() => keys.Changed;
    }
}
