using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microservices.Egress;

/// <summary>Registers egress.</summary>
public static class EgressRegistration
{
    /// <summary>Adds <see cref="IEgress"/> with the section <c>Egress</c>. A setting that is wrong, or unsafe outside Development, stops the process at start and is named.</summary>
    public static IHostApplicationBuilder AddEgress(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddValidatedOptions<EgressOptions, EgressOptionsValidator>(EgressOptions.Section);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EgressOptions>, UnsafeEgressCheck>());
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IHostResolver, SystemResolver>();
        services.TryAddSingleton<IEgress>(provider => new EgressClient(
            provider.GetRequiredService<IOptions<EgressOptions>>().Value, provider.GetRequiredService<IHostResolver>(),
            provider.GetRequiredService<IMeterFactory>(), provider.GetRequiredService<TimeProvider>()));
        return builder;
    }
}
