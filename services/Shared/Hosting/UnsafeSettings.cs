using Microservices.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting;

/// <summary>Settings that are well on a developer's machine and nowhere else: outside the Development environment they stop the process, all of them named at once.</summary>
public static class UnsafeSettings
{
    /// <summary>Outside Development, the process does not start to serve where there is a problem with a setting.</summary>
    /// <param name="builder">The process.</param>
    /// <param name="key">The setting.</param>
    /// <param name="problem">What goes on after the key, "must be ..., but is ..."; null when there is none.</param>
    public static void RefuseOutsideDevelopment(this WebApplicationBuilder builder, string key, Func<IServiceProvider, string?> problem)
    {
        if (!builder.Environment.IsDevelopment())
            builder.Services.AddSingleton(new Check(key, problem));
    }

    /// <summary>Refuses what is unsafe, together with every option that is out of its bounds.</summary>
    /// <exception cref="AggregateException">All that is wrong.</exception>
    internal static void RefuseUnsafeSettings(this WebApplication app)
    {
        var faults = new List<Exception>();
        Collect(() => app.Services.GetService<IStartupValidator>()?.Validate());
        foreach (var check in app.Services.GetServices<Check>())
        {
            Collect(() =>
            {
                if (check.Problem(app.Services) is { } problem)
                    throw new InvalidSettingException(check.Key, problem);
            });
        }

        if (faults.Count > 0)
            throw new AggregateException(faults);

        void Collect(Action action)
        {
            try
            {
                action();
            }
            catch (Exception fault)
            {
                faults.Add(fault);
            }
        }
    }

    private sealed record Check(string Key, Func<IServiceProvider, string?> Problem);
}
