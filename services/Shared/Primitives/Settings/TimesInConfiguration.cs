using System.ComponentModel;
using System.Globalization;

namespace Microservices.Primitives;

/// <summary>
/// How times are read from the configuration, for every option of every process, the framework's own as well: as <c>[d.]hh:mm[:ss[.fffffff]]</c>, and in no
/// other way. .NET would take "24" for 24 days, and "24:00:00" as well.
/// </summary>
internal sealed class TimesInConfiguration : TypeConverter
{
    /// <summary>From now on. The configuration's binder asks the type's converter, so this is the one place that all of them pass.</summary>
    public static void Install() => Installation.Done();

    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value)
    {
        if (value is not string text)
            return base.ConvertFrom(context, culture, value);
        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParseExact(text.Trim(), "c", CultureInfo.InvariantCulture, out var time)
            ? time
            : throw new FormatException($"'{text}' is not a time: times need a unit, so write [d.]hh:mm:ss, such as 00:00:05 for 5 seconds and 1.00:00:00 for a day.");
    }

    private static class Installation
    {
        static Installation() => TypeDescriptor.AddAttributes(typeof(TimeSpan), new TypeConverterAttribute(typeof(TimesInConfiguration)));

        // Calling it runs the initializer, once in a process.
        public static void Done()
        {
        }
    }
}
