using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microservices.Primitives;
using Microservices.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>What holds for every option of every process; a new one is found by its registration, or by its name.</summary>
public sealed partial class EveryOptionTests
{
    private static readonly Lazy<IReadOnlyList<OptionsSection>> Sections = new(() =>
    [
        .. ServiceProcess.Folders.SelectMany(folder => ServiceProcess.Ask(
            folder,
            [
                "--environment=Development", $"--contentRoot={Path.Combine(Needs.Root, folder)}", "--Faults:Rules:0:Probability=0",
                $"--ConnectionStrings:Database=Data Source={Path.Combine(Path.GetTempPath(), "every-option.db")}",
            ],
            services => services.GetServices<OptionsSection>().ToList())).Distinct(),
    ]);

    [Fact]
    public void All_options_are_bound_and_validated_in_the_one_way()
    {
        var bound = Sections.Value.Select(section => section.Options).ToHashSet();
        var shared = Directory.GetFiles(Path.Combine(Needs.Root, "services", "Shared"), "*.csproj", SearchOption.AllDirectories).Select(project => Assembly.Load(Path.GetFileNameWithoutExtension(project)));
        var all = ServiceProcess.Folders.Select(ServiceProcess.Assembly).Concat(shared).SelectMany(assembly => assembly.GetTypes())
            .Where(type => type is { IsClass: true, Namespace: not null } && type.Namespace.StartsWith("Microservices", StringComparison.Ordinal) && type.Name.EndsWith("Options", StringComparison.Ordinal));

        Assert.Empty(all.Except(bound).Select(type => $"{type} is bound to no section"));
        Assert.True(bound.Count >= 14);
    }

    [Fact]
    public void Every_option_has_a_default_within_its_bounds()
    {
        foreach (var section in Sections.Value)
        {
            // Where the replicas are has no default.
            var failures = Failures(section, []).Where(failure => !failure.Contains(":Addresses must have", StringComparison.Ordinal));
            Assert.Empty(failures);
        }
    }

    [Fact]
    public void Every_option_has_a_bound() => Assert.Empty(
        from option in Options()
        where !option.Property.GetCustomAttributes<ValidationAttribute>().Any() && !IsBoundByItsType(option.Property) && option.Property.Name != "Addresses"
        select $"{option.Section.Path}:{option.Property.Name} has no bound");

    [Fact]
    public void Every_option_is_refused_beyond_its_bounds_by_a_line_with_its_section_and_key()
    {
        var tried = 0;
        foreach (var (section, property) in Options())
        {
            if (property.GetCustomAttribute<RangeAttribute>() is not { } range)
                continue;
            foreach (var (bound, value) in (IEnumerable<(object, string)>)[(range.Minimum, Beyond(property, range.Minimum, -1)), (range.Maximum, Beyond(property, range.Maximum, 1))])
            {
                var line = Assert.Single(Failures(section, [(property.Name, value)]), failure => failure.StartsWith($"{section.Path}:{property.Name} must be from ", StringComparison.Ordinal));
                Assert.EndsWith($", but is {value}", line, StringComparison.Ordinal);
                Assert.Contains(Text(bound), line, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', line);
                // The bound itself is allowed, whatever it does to rules over several.
                Assert.DoesNotContain(Failures(section, [(property.Name, Text(bound))]), failure => failure.Contains("must be from", StringComparison.Ordinal));
                tried++;
            }
        }

        Assert.True(tried > 150, $"{tried}");
    }

    [Theory]
    [InlineData("Egress", "ConnectTimeout", "00:00:31", "must not be above HeadersTimeout, which is 00:00:30, but is 00:00:31")]
    [InlineData("Egress", "HeadersTimeout", "00:00:41", "must not be above Timeout, which is 00:00:40, but is 00:00:41")]
    [InlineData("Egress", "RefusedNetworks:0", "8.8.8.8.8", "must be a network such as 8.8.8.0/24, but is '8.8.8.8.8'")]
    [InlineData("EventLog", "IdleTopicRetention", "00:09:59", "must not be below MaxAge, which is 00:10:00, but is 00:09:59")]
    [InlineData("EventLog", "KeyPrefix", "a{b}", "must be 1 to 64 characters without braces and spaces, but is 'a{b}'")]
    [InlineData("EventLog", "KeyPrefix", "", "must not be empty, but is ''")]
    [InlineData("EventLog", "MaxBytes", "1000000", "must be from 1048576 (1 MiB) to 1099511627776 (1 TiB), but is 1000000")]
    [InlineData("Gateway", "DefaultTimeout", "00:02:00", "must not be above MaxTimeout, which is 00:01:00, but is 00:02:00")]
    [InlineData("Gateway", "MaxUnverified", "00:00:00.01", "must be 00:00:00, or at least 00:00:00.02, but is 00:00:00.01")]
    [InlineData("Persistence", "CommandTimeout", "00:00:01.5", "must be whole seconds, but is 00:00:01.5")]
    [InlineData("Backends:Users", "MinConcurrency", "2000", "must not be above MaxConcurrency, which is 1024, but is 2000")]
    [InlineData("Backends:Users", "ReconnectBackoff", "00:00:06", "must not be above MaxReconnectBackoff, which is 00:00:05, but is 00:00:06")]
    [InlineData("Backends:Users", "Addresses:0", "users:5001", "must be http://host:port, https://host:port or dns:///host:port, but is 'users:5001'")]
    [InlineData("Backends:Users", "Addresses:0", "ftp://users", "must be http://host:port, https://host:port or dns:///host:port, but is 'ftp://users'")]
    [InlineData("Cors", "AllowedOrigins:0", "https://shop.example.com/", "must be an origin such as https://shop.example.com, without a path, or *, but is 'https://shop.example.com/'")]
    [InlineData("Tracing", "FollowCallers", "7", "must be None, Private or All, but is 7")]
    [InlineData("Faults", "Rules:0:Probability", "2", "must be from 0 to 1, but is 2")]
    [InlineData("Faults", "Rules:0:Delay", "00:11:00", "must be from 00:00:00 to 00:10:00, but is 00:11:00")]
    [InlineData("Faults", "Rules:0:Status", "OK", "must be an error, such as Unavailable, but is OK")]
    [InlineData("Faults", "Rules:0:Method", "GetUser", "must be '*' or a full method name such as /users.v1.UsersService/GetUser, but is 'GetUser'")]
    [InlineData("Faults", "Rules:0:Probabilty", "1", "is not a setting: the one most like it is Faults:Rules:0:Probability")]
    public void A_rule_names_the_section_and_the_key_and_says_what_the_value_is(string path, string key, string value, string rule) =>
        Assert.Contains($"{path}:{key} {rule}", Sections.Value.Where(section => section.Path == path).SelectMany(section => Failures(section, [(key, value)])));

    [Fact]
    public void A_key_that_a_section_does_not_have_is_refused_in_every_section_and_the_one_that_was_meant_is_named()
    {
        foreach (var (section, property) in Options())
        {
            var misspelt = property.Name.Remove(property.Name.Length / 2, 1);
            Assert.Contains(
                Failures(section, [(misspelt, "1")]),
                failure => failure == $"{section.Path}:{misspelt} is not a setting: the one most like it is {section.Path}:{property.Name}");
        }
    }

    [Fact]
    public void Every_option_says_what_it_is_its_default_and_its_bounds_as_they_are()
    {
        var wrong = new List<string>();
        foreach (var (section, property) in Options())
        {
            var said = OptionDocs.Summary(property);
            var instance = Activator.CreateInstance(section.Options)!;
            // By how many processors there are.
            if (property.Name != "MaxLists" && !said.Contains($"efault {OptionDocs.Text(property, property.GetValue(instance))}", StringComparison.Ordinal))
                wrong.Add($"{section.Options.Name}.{property.Name} does not say: default {OptionDocs.Text(property, property.GetValue(instance))}");
            if (property.GetCustomAttribute<RangeAttribute>() is { } range && !said.Contains($"; {OptionDocs.Text(property, range.Minimum)} to {OptionDocs.Text(property, range.Maximum)}", StringComparison.Ordinal))
                wrong.Add($"{section.Options.Name}.{property.Name} does not say: {OptionDocs.Text(property, range.Minimum)} to {OptionDocs.Text(property, range.Maximum)}");
        }

        Assert.Empty(wrong);
    }

    /// <summary>Each row: keys, the first with its section, and their defaults, or a section and a link to what it has.</summary>
    [Fact]
    public void The_table_of_settings_has_every_section_and_the_defaults_as_they_are()
    {
        var rows = File.ReadLines(Path.Combine(Needs.Root, "deploy", "configuration.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToList();
        var options = Options().DistinctBy(option => (option.Section.Path, option.Property.Name)).ToDictionary(option => $"{option.Section.Path}:{option.Property.Name}");
        var told = new HashSet<string>();
        foreach (var row in rows)
        {
            string[] keys = [.. Code().Matches(row[1]).Select(match => match.Groups[1].Value)];
            keys = [.. keys.Select(key => key.StartsWith(':') ? keys[0][..keys[0].LastIndexOf(':')] + key : key).Select(key => key.EndsWith(":0", StringComparison.Ordinal) ? key[..^2] : key)];
            foreach (var key in keys.Where(key => key.EndsWith(":*", StringComparison.Ordinal)))
                told.Add(key[..^2]);
            if (!keys.All(options.ContainsKey))
                continue;
            foreach (var (key, value) in keys.Zip(row[2].Trim('`').Split(", ")))
            {
                var (section, property) = options[key];
                told.Add(key);
                // Where the others are is in the services' files.
                if (property.Name != "Addresses")
                    Assert.Equal($"{key}: {OptionDocs.Text(property, property.GetValue(Activator.CreateInstance(section.Options)))}", $"{key}: {value.Trim('`')}");
            }
        }

        // One backend stands for all, and a list is told by its first.
        foreach (var (section, property) in options.Values)
        {
            var path = section.Path.StartsWith("Backends:", StringComparison.Ordinal) ? "Backends:Users" : section.Path;
            Assert.True(told.Contains(path) || told.Contains($"{path}:{property.Name}") || rows.Any(row => row[1].Contains($"`{path}:{property.Name}:0", StringComparison.Ordinal)), $"deploy/configuration.md does not tell of {path}:{property.Name}");
        }
    }

    private static IEnumerable<(OptionsSection Section, PropertyInfo Property)> Options() =>
        from section in Sections.Value
        from property in section.Options.GetProperties()
        where !property.PropertyType.IsAssignableTo(typeof(Delegate))
        select (section, property);

    private static bool IsBoundByItsType(PropertyInfo property) =>
        (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) is var type && (type.IsEnum || type == typeof(bool));

    // What a process with these settings says of the section's options.
    private static IReadOnlyList<string> Failures(OptionsSection section, (string Key, string Value)[] settings)
    {
        var services = new ServiceCollection().AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"{section.Path}:{setting.Key}", (string?)setting.Value))).Build());
        typeof(ValidatedOptionsExtensions).GetMethod(nameof(ValidatedOptionsExtensions.AddValidatedOptions))!
            .MakeGenericMethod(section.Options, section.Validator).Invoke(null, [services, section.Path, null]);
        using var provider = services.BuildServiceProvider();
        try
        {
            provider.GetRequiredService<IStartupValidator>().Validate();
            return [];
        }
        catch (OptionsValidationException invalid)
        {
            return [.. invalid.Failures];
        }
    }

    private static string Beyond(PropertyInfo property, object bound, int direction) =>
        property.PropertyType == typeof(TimeSpan) ? SettingText.Value(TimeSpan.Parse((string)bound, CultureInfo.InvariantCulture) + direction * TimeSpan.FromMilliseconds(1))
        : property.PropertyType == typeof(double) ? SettingText.Value(Convert.ToDouble(bound, CultureInfo.InvariantCulture) + direction)
        : SettingText.Value(Convert.ToInt64(bound, CultureInfo.InvariantCulture) + direction);

    private static string Text(object bound) => bound is string text ? text : SettingText.Value(bound);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
