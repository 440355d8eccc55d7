using System.Xml.Linq;
using Microservices.Local;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit;

/// <summary>Dependencies point one way: protos, then the shared parts, then services and gateway, then deploy and tests.</summary>
public sealed class ArchitectureTests
{
    private static readonly string[] Parts = ["Hosting", "Streaming", "EventLog", "Persistence"];

    // What several parts need: neither of them knows anything.
    private static readonly string[] Foundations = ["Primitives", "EventLog.Abstractions"];

    // Topics is where the parts are joined for services whose events go from a database to streams.
    private static readonly string[] Shared = [.. Parts, .. Foundations, "Topics", "Egress", "Sealing"];

    private static readonly Dictionary<string, (string Folder, string[] References)> Projects =
        new[] { "protos", "services", "gateway", "deploy" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Needs.Root, folder), "*.csproj", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/.template/", StringComparison.Ordinal))
            .ToDictionary(
                file => Path.GetFileNameWithoutExtension(file),
                file => (Path.GetRelativePath(Needs.Root, Path.GetDirectoryName(file)!), References(file)));

    [Fact]
    public void Protos_refer_to_nothing() => Assert.Empty(Projects["Protos"].References);

    [Theory]
    [InlineData("Hosting")]
    [InlineData("Streaming")]
    [InlineData("EventLog")]
    [InlineData("Persistence")]
    public void The_shared_parts_know_the_contracts_and_not_each_other(string part) =>
        Assert.Subset(part is "EventLog" or "Persistence" ? Foundations.ToHashSet() : ["Protos", "Primitives"], Projects[part].References.ToHashSet());

    /// <summary>What an event may be: shared by the log and by who commits events.</summary>
    [Fact]
    public void The_vocabulary_of_the_log_knows_nothing()
    {
        Assert.Empty(Projects["EventLog.Abstractions"].References);
        Assert.DoesNotContain("PackageReference", File.ReadAllText(Path.Combine(Needs.Root, Projects["EventLog.Abstractions"].Folder, "EventLog.Abstractions.csproj")), StringComparison.Ordinal);
    }

    [Fact]
    public void Primitives_know_nothing() => Assert.Empty(Projects["Primitives"].References);

    [Fact]
    public void Egress_knows_only_the_primitives() => Assert.Equal(["Primitives"], Projects["Egress"].References);

    [Fact]
    public void Sealing_knows_settings_and_the_database_and_no_service() => Assert.Subset(new HashSet<string> { "Hosting", "Persistence", "Primitives" }, Projects["Sealing"].References.ToHashSet());

    [Fact]
    public void The_table_of_services_says_who_seals_and_who_calls_strangers()
    {
        Assert.Equal(Using("Sealing"), Catalog.Services.Where(s => s.Seals).Select(s => s.Project).Order());
        Assert.Equal(Using("Egress"), Catalog.Services.Where(s => s.CallsStrangers).Select(s => s.Project).Order());

        static IEnumerable<string> Using(string part) => Projects.Where(p => p.Value.References.Contains(part)).Select(p => p.Key).Order();
    }

    [Fact]
    public void Topics_joins_the_shared_parts_and_knows_no_service() => Assert.Subset(Parts.Concat(Foundations).ToHashSet(), Projects["Topics"].References.ToHashSet());

    [Fact]
    public void EventLog_and_Persistence_know_no_gRPC()
    {
        foreach (var part in new[] { "EventLog", "Persistence" })
        {
            var packages = XDocument.Load(Path.Combine(Needs.Root, Projects[part].Folder, $"{part}.csproj")).Descendants("PackageReference");
            Assert.DoesNotContain(packages, package => package.Attribute("Include")!.Value.StartsWith("Grpc.", StringComparison.Ordinal));
            Assert.DoesNotContain("Protos", Projects[part].References);
        }
    }

    [Fact]
    public void Services_and_the_gateway_meet_only_through_the_contracts()
    {
        var allowed = Shared.Append("Protos").ToHashSet();
        var services = Projects.Where(p => p.Key == "Gateway" || (p.Value.Folder.StartsWith("services", StringComparison.Ordinal) && !Shared.Contains(p.Key))).ToList();

        Assert.True(services.Count >= 3);
        Assert.All(services, service => Assert.Subset(allowed, service.Value.References.ToHashSet()));
    }

    [Fact]
    public void Programs_are_tables_of_contents()
    {
        foreach (var (name, project) in Projects)
        {
            var program = Path.Combine(Needs.Root, project.Folder, "Program.cs");
            if (File.Exists(program))
                Assert.True(File.ReadLines(program).Count() <= 35, $"{name}'s Program.cs is too long");
        }
    }

    // Those of the project, and those that all services have.
    private static string[] References(string file)
    {
        var project = XDocument.Load(file);
        var services = Path.Combine(Needs.Root, "services");
        var isService = file.StartsWith(services, StringComparison.Ordinal) && project.Root!.Attribute("Sdk")!.Value == "Microsoft.NET.Sdk.Web";
        return [.. (isService ? (XDocument[])[project, XDocument.Load(Path.Combine(services, "Directory.Build.props"))] : [project])
            .SelectMany(from => from.Descendants("ProjectReference"))
            .Where(reference => reference.Attribute("ReferenceOutputAssembly")?.Value != "false")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))];
    }
}
