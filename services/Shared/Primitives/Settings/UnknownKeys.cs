using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Microservices.Primitives;

/// <summary>
/// Finds the keys of a section that none of its options have: a misspelt one would leave the default in force, and nobody would know. Whole sections
/// are not looked for, since the environment of a process has much that is not the suite's.
/// </summary>
internal static class UnknownKeys
{
    /// <summary>Throws when the section has a key that none of these options have.</summary>
    /// <exception cref="OptionsValidationException">It has; each is named, with the key that is most like it.</exception>
    public static void Refuse(IConfigurationSection section, IReadOnlyCollection<Type> options)
    {
        List<string> unknown = [.. Find(section, options)];
        if (unknown.Count > 0)
            throw new OptionsValidationException(section.Path, options.First(), unknown);
    }

    private static IEnumerable<string> Find(IConfigurationSection section, IReadOnlyCollection<Type> options)
    {
        var properties = options.SelectMany(type => type.GetProperties()).Where(IsSetting).ToList();
        foreach (var value in section.GetChildren())
        {
            var same = properties.Where(property => property.Name.Equals(value.Key, StringComparison.OrdinalIgnoreCase)).ToList();
            if (same.Count == 0)
                yield return $"{value.Path} is not a setting: the one most like it is {section.Path}:{properties.Select(property => property.Name).MinBy(known => Distance(known, value.Key))}";
            // The settings of the objects in a list.
            Type[] items = [.. same.Select(ItemType).OfType<Type>()];
            if (items.Length > 0)
            {
                foreach (var failure in value.GetChildren().SelectMany(item => Find(item, items)))
                    yield return failure;
            }
        }
    }

    private static bool IsSetting(PropertyInfo property) => !property.PropertyType.IsAssignableTo(typeof(Delegate));

    private static Type? ItemType(PropertyInfo list) =>
        list.PropertyType is { IsGenericType: true, GenericTypeArguments: [{ IsClass: true } item] } && item != typeof(string) ? item : null;

    // How many letters must be put in, left out or changed (Levenshtein).
    private static int Distance(string one, string other)
    {
        var (a, b) = (one.ToUpperInvariant(), other.ToUpperInvariant());
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }

        return row[^1];
    }
}
