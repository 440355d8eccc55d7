using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd.Template;

/// <summary>A copy of the repository, of what git knows or would take up and nothing else, committed. In a temporary folder.</summary>
internal sealed class RepositoryCopy : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);
    private readonly string directory = Directory.CreateTempSubdirectory("repository-").FullName;

    /// <summary>Its root.</summary>
    public string Root => Path.Combine(directory, "suite");

    /// <summary>Makes it.</summary>
    public static async Task<RepositoryCopy> MakeAsync()
    {
        var copy = new RepositoryCopy();
        Directory.CreateDirectory(copy.Root);
        await copy.RunAsync($"""
            git -C '{Needs.Root}' ls-files -z --cached --others --exclude-standard | (cd '{Needs.Root}' && tar --null --files-from=- --ignore-failed-read --create) | tar --extract
            git init --quiet
            git add --all
            git -c user.name=test -c user.email=test@example.com commit --quiet --message before
            """);
        return copy;
    }

    /// <summary>As <see cref="RunAsync"/>, with the templates that are installed by it and no others.</summary>
    public Task<string> RunWithTemplatesAsync(string commands) => RunAsync($"export DOTNET_CLI_HOME='{directory}'\n{commands}");

    /// <summary>Runs lines of bash in its root, up to the first that fails; returns what they print.</summary>
    public async Task<string> RunAsync(string commands)
    {
        // Nothing that a build starts stays behind or holds on to the pipes, and nothing is asked of the world outside.
        var (code, output, error) = await Shell.RunAsync($"""
            set -euo pipefail
            export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false NuGetAudit=false
            cd '{Root}'
            {commands}
            """, Timeout);
        Assert.True(code == 0, $"{commands}\n{output}\n{error}");
        return output;
    }

    /// <summary>What has changed since: files that were there, and lines added to each.</summary>
    public async Task<IReadOnlyDictionary<string, int>> ChangesAsync() =>
        (await RunAsync("git diff --numstat HEAD")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t'))
            .ToDictionary(parts => parts[2], parts => int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }
}
