using System.Globalization;
using System.Reflection;

namespace Microservices.Primitives;

/// <summary>Values as they are written in the configuration.</summary>
internal static class SettingText
{
    private static readonly string[] Units = ["KiB", "MiB", "GiB", "TiB"];

    /// <summary>A bound of an option, with its unit where it is a number of bytes: "1048576 (1 MiB)".</summary>
    public static string Bound(PropertyInfo property, object bound) =>
        bound is string text ? text
        : property.Name.Contains("Bytes", StringComparison.Ordinal) && Binary(Convert.ToInt64(bound, CultureInfo.InvariantCulture)) is { } binary ? $"{Value(bound)} ({binary})"
        : Value(bound);

    /// <summary>A value.</summary>
    public static string Value(object? value) => value switch
    {
        null => "missing",
        TimeSpan time when time.Ticks % TimeSpan.TicksPerSecond != 0 => time.ToString("c", CultureInfo.InvariantCulture).TrimEnd('0'),
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        string text => $"'{text}'",
        double number => number.ToString("0.######", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => $"{value}",
    };

    /// <summary>A whole number of KiB or more, in the largest unit that keeps it whole: "64 KiB"; null when it is not one.</summary>
    public static string? Binary(long bytes)
    {
        string? text = null;
        for (var unit = 0; unit < Units.Length && bytes > 0 && bytes % 1024 == 0; unit++)
        {
            bytes /= 1024;
            text = $"{bytes} {Units[unit]}";
        }

        return text;
    }
}
