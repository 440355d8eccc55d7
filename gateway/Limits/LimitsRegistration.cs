using Microservices.EventLog;
using Microservices.Hosting;
using Microservices.Hosting.Auth;

namespace Microservices.Gateway.Limits;

internal static class LimitsRegistration
{
    /// <summary>Registers the limits of callers; <see cref="CallerCheck"/> holds them to these.</summary>
    public static void AddLimits(this WebApplicationBuilder builder)
    {
        builder.AddForwardedFor();
        builder.AddSharedRates();
        builder.Services.AddValidatedOptions<LimitsOptions, LimitsOptionsValidator>("Limits");
        builder.AddMetrics<LimitsMetrics>();
        builder.Services.AddSingleton<RequestLimits>();
        builder.Services.AddSingleton<IRequestLimits>(services => services.GetRequiredService<RequestLimits>());
    }
}
