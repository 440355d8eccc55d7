using System.Text.RegularExpressions;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Docs;

/// <summary>What somebody reads: links lead somewhere, and the README is short.</summary>
public sealed partial class MarkdownTests
{
    private const int MaxReadmeLines = 200;

    // What is built or installed brings Markdown of its own.
    private static readonly string[] NotOurs = ["bin", "obj", "node_modules", "TestResults", ".tools", ".git", ".data"];

    public static TheoryData<string> Pages { get; } = [.. Directory.EnumerateFiles(Needs.Root, "*.md", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Needs.Root, file)).Where(file => !file.Split(Path.DirectorySeparatorChar).Intersect(NotOurs).Any()).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_relative_link_leads_to_a_file_and_to_a_heading_in_it(string page)
    {
        var file = Path.Combine(Needs.Root, page);
        foreach (var link in Links(File.ReadAllText(file)).Where(link => !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith("mailto:", StringComparison.Ordinal)))
        {
            var (path, anchor) = link.Split('#', 2) is [var p, var a] ? (p, a) : (link, "");
            var target = path.Length == 0 ? file : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, path));
            Assert.True(File.Exists(target) || Directory.Exists(target), $"{page}: {link} leads nowhere");
            Assert.True(anchor.Length == 0 || Anchors(File.ReadAllText(target)).Contains(anchor), $"{page}: {link} leads to no heading");
        }
    }

    [Fact]
    public void The_README_is_short() => Assert.InRange(File.ReadLines(Path.Combine(Needs.Root, "README.md")).Count(), 1, MaxReadmeLines);

    [Fact]
    public void Links_are_found_in_text_and_pictures_and_not_in_code() => Assert.Equal(
        ["a.md", "b.png", "c.md#there"],
        Links("See [a](a.md) and ![b](b.png).\n\n```bash\nls [x](no.md)\n```\n\n`[y](no.md)`, [c `code`](c.md#there)"));

    [Fact]
    public void Anchors_are_those_of_a_rendered_page() => Assert.Equal(
        ["fan-out-15-x-signalrs", "the-code"], Anchors("# Fan-out, 15 x SignalR's\n\n```bash\n# no heading\n```\n\n## The `code`\n"));

    private static IEnumerable<string> Links(string text) => Link().Matches(Code().Replace(Fence().Replace(text, ""), "code")).Select(link => link.Groups["to"].Value);

    private static IEnumerable<string> Anchors(string text) => Heading().Matches(Fence().Replace(text, ""))
        .Select(heading => NotInAnchors().Replace(heading.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex("^```.*?^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\((?<to>[^)\s]+)\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
