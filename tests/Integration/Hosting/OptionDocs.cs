using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microservices.Primitives;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>What the summaries of options say, and how they write values: "1,000", "64 KiB", "300 ms", "1 day".</summary>
internal static partial class OptionDocs
{
    private static readonly Dictionary<Assembly, XDocument> Files = [];

    private static readonly (TimeSpan Size, string Name)[] Units =
        [(TimeSpan.FromDays(365), "year"), (TimeSpan.FromDays(1), "day"), (TimeSpan.FromHours(1), "h"), (TimeSpan.FromMinutes(1), "min"), (TimeSpan.FromSeconds(1), "s"), (TimeSpan.FromMilliseconds(1), "ms")];

    public static string Summary(PropertyInfo property)
    {
        var type = property.DeclaringType!;
        if (!Files.TryGetValue(type.Assembly, out var file))
            Files[type.Assembly] = file = XDocument.Load(Path.ChangeExtension(type.Assembly.Location, "xml"));
        var member = file.Descendants("member").Single(found => found.Attribute("name")!.Value == $"P:{type.FullName}.{property.Name}");
        return Blanks().Replace(member.Element("summary")!.Value, " ");
    }

    public static string Text(PropertyInfo property, object? value) => value switch
    {
        TimeSpan time => Text(time),
        string text when property.PropertyType == typeof(TimeSpan) => Text(TimeSpan.Parse(text, CultureInfo.InvariantCulture)),
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        Enum name => name.ToString(),
        null => "none",
        ICollection { Count: 0 } => "none",
        double number when property.PropertyType == typeof(double) => number.ToString("0.##", CultureInfo.InvariantCulture),
        _ when property.Name.Contains("Bytes", StringComparison.Ordinal) && SettingText.Binary(Convert.ToInt64(value, CultureInfo.InvariantCulture)) is { } binary => binary,
        _ => Convert.ToInt64(value, CultureInfo.InvariantCulture).ToString("N0", CultureInfo.InvariantCulture),
    };

    private static string Text(TimeSpan time)
    {
        if (time == TimeSpan.Zero)
            return "0";
        var (size, name) = Units.First(unit => time.Ticks % unit.Size.Ticks == 0);
        var count = time.Ticks / size.Ticks;
        return $"{count} {name}{(count > 1 && (name is "day" or "year") ? "s" : "")}";
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
