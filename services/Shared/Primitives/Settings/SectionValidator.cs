using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Microservices.Primitives;

/// <summary>
/// Says of each option that is out of its bounds: its section and key, what it must be, and what it is. What must be is in the attributes and
/// IValidatableObject of the options; each of their messages goes on after the key, as in "must be the only one".
/// </summary>
internal sealed partial class SectionValidator<TOptions>(string section, string name, IValidateOptions<TOptions> bounds) : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? optionsName, TOptions options)
    {
        if (optionsName != name)
            return ValidateOptionsResult.Skip;
        var result = bounds.Validate(section, options);
        return result.Failed ? ValidateOptionsResult.Fail(result.Failures.Select(failure => Describe(failure, options))) : result;
    }

    private string Describe(string failure, TOptions options)
    {
        var match = Failure().Match(failure);
        if (!match.Success)
            return $"{section} {failure}";
        var (path, rule) = (match.Groups["path"].Value, match.Groups["rule"].Value);
        var (property, value) = Find(options, path);
        // .NET's own words, which do not go on after a key.
        if (rule.StartsWith("The field ", StringComparison.Ordinal) && property.GetCustomAttribute<RangeAttribute>() is { } range)
            rule = $"must be from {SettingText.Bound(property, range.Minimum)} to {SettingText.Bound(property, range.Maximum)}";
        return value is ICollection ? $"{section}:{path} {rule}" : $"{section}:{path} {rule}, but is {SettingText.Value(value)}";
    }

    // The property that the end of a path such as Rules:0:Delay is about, and its value.
    private static (PropertyInfo Property, object? Value) Find(object root, string path)
    {
        var (property, value) = (default(PropertyInfo), (object?)root);
        foreach (var part in path.Split(':'))
        {
            if (value is IList list && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                value = list[index];
                continue;
            }

            property = value!.GetType().GetProperty(part)!;
            value = property.GetValue(value);
        }

        return (property!, value);
    }

    // As ValidateOptionsResultBuilder writes it.
    [GeneratedRegex(@"^(?<path>\w+(:\w+)*): (?<rule>.*)$", RegexOptions.Singleline)]
    private static partial Regex Failure();
}
