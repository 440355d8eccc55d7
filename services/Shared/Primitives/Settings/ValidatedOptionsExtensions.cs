using Microservices.Primitives;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers options, the same way for every section of the configuration.</summary>
public static class ValidatedOptionsExtensions
{
    /// <summary>
    /// Binds options to a section of the configuration and validates them at start. A value that does not fit its type, one that is out of its
    /// bounds, and a key that the section does not have stop the process with a line that names the section and the key. Times are written
    /// <c>[d.]hh:mm:ss</c>. What is registered again is bound once.
    /// </summary>
    /// <typeparam name="TOptions">The options. Their attributes say their bounds; a rule over several of them is IValidatableObject's.</typeparam>
    /// <typeparam name="TValidator">What the generator of <see cref="OptionsValidatorAttribute"/> makes of the attributes.</typeparam>
    /// <param name="services">The services.</param>
    /// <param name="section">The section, such as <c>Backends:Users</c>. Several kinds of options may share one.</param>
    /// <param name="name">The options' name, where there are several of a type; none by default.</param>
    public static OptionsBuilder<TOptions> AddValidatedOptions<TOptions, TValidator>(this IServiceCollection services, string section, string? name = null)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>, new()
    {
        TimesInConfiguration.Install();
        var options = services.AddOptions<TOptions>(name);
        var registration = new OptionsSection(section, typeof(TOptions), typeof(TValidator));
        // Once: a list that is bound twice has everything twice.
        if (services.Any(service => registration.Equals(service.ImplementationInstance)))
            return options;

        services.AddSingleton(registration);
        services.AddSingleton<IValidateOptions<TOptions>>(new SectionValidator<TOptions>(section, options.Name, new TValidator()));
        return options
            .Configure<IConfiguration, IEnumerable<OptionsSection>>((bound, configuration, sections) =>
            {
                Type[] types = [.. sections.Where(known => known.Path == section).Select(known => known.Options)];
                var values = configuration.GetSection(section);
                UnknownKeys.Refuse(values, types);
                // .NET leaves out an object of a list that has a wrong value in it, and says nothing, unless it is strict about keys. It could
                // not be where others have keys in the same section; those have no such lists.
                values.Bind(bound, binder => binder.ErrorOnUnknownConfiguration = types.Length == 1);
            })
            .ValidateOnStart();
    }
}
