using Microservices.Hosting;
using Microservices.Identity.V1;

namespace Microservices.Gateway.Bff;

/// <summary>The gateway as a backend for the frontend (RFC 10017): sessions of browsers, whose tokens stay here.</summary>
internal static class BffRegistration
{
    /// <summary>Registers it.</summary>
    public static void AddBff(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<BffOptions, BffOptionsValidator>("Bff");
        builder.AddBackend<IdentityService.IdentityServiceClient>("Identity");
        builder.Services.AddSingleton<BffKey>();
        builder.Services.AddSingleton<SessionTokens>();
        // Whatever is logged: these lines have the query of the callback, and in it the code.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
    }

    /// <summary>Maps its routes.</summary>
    public static void MapBff(this WebApplication app)
    {
        app.MapLogin();
        app.MapSessions();
    }
}
