using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting;

/// <summary>Validates options by their data annotations, and names the configuration key of each value that is wrong.</summary>
internal sealed class SectionValidation<TOptions>(string section) : IValidateOptions<TOptions>
    where TOptions : class
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var results = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true))
            return ValidateOptionsResult.Success;

        return ValidateOptionsResult.Fail(results.Select(result =>
            $"Configuration {string.Join(", ", result.MemberNames.Select(member => $"{section}:{member}").DefaultIfEmpty(section))}: {result.ErrorMessage}"));
    }
}
