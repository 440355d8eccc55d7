using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microservices.Hosting.Faults;

/// <summary>
/// Delays, fails or aborts calls by configuration, for tests, benchmarks and demos. Outside of the Development environment none of it is
/// registered, and a configuration that asks for it stops the process.
/// </summary>
internal static class FaultRegistration
{
    private const string Section = "Faults";

    public static void AddFaults(this WebApplicationBuilder builder)
    {
        if (!builder.Configuration.GetSection(Section).Exists())
            return;
        builder.RefuseOutsideDevelopment(Section, _ => $"must not be set, since faults exist in the Development environment only, and this is {builder.Environment.EnvironmentName}");
        if (!builder.Environment.IsDevelopment())
            return;
        builder.Services.AddValidatedOptions<FaultOptions, FaultOptionsValidator>(Section);
        builder.Services.AddSingleton<FaultRules>();
        builder.Services.AddSingleton<ICallInterceptor>(services => services.GetRequiredService<FaultRules>());
    }
}
