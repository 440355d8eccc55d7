using System.Runtime.InteropServices;

namespace Microservices.Local;

/// <summary>The checkout that the launcher was built in.</summary>
internal static class Repository
{
    /// <summary>The folder of Microservices.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The dotnet that runs this process, or would: it shares the folder of the runtime.</summary>
    public static string Dotnet { get; } =
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    /// <summary>Where a service's assembly is when built as the launcher was: same framework, same configuration. Of Release, what is deployed.</summary>
    public static string Assembly(ServiceDefinition service)
    {
        // bin/Debug/net10.0: the same for every project.
        var output = Path.Combine(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar)[^3..]);
        var folder = Path.Combine(Root, service.Folder, output);
        var published = Path.Combine(folder, "publish", service.Project + ".dll");
        return File.Exists(published) ? published : Path.Combine(folder, service.Project + ".dll");
    }

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Microservices.sln")))
                return directory.FullName;
        }

        throw LaunchException.Refused($"The launcher runs from a checkout: there is no Microservices.sln above {AppContext.BaseDirectory}");
    }
}
