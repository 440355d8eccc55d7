using System.CommandLine;

namespace Microservices.Local;

/// <summary>The command <c>keys</c>: makes the keys of a deployment elsewhere. The launcher makes its own.</summary>
internal static class KeysCommand
{
    private static readonly Argument<string> Directory = new("DIR") { Description = "Where they are, or are to be" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var keys = new Command("keys", "Makes the keys that a deployment elsewhere needs, as far as they are not there yet") { Directory };
        keys.SetAction((result, _) => LaunchCommand.ReportAsync(() =>
        {
            new Keys(Path.GetFullPath(result.GetRequiredValue(Directory))).MakeMissing(Catalog.Services);
            return Task.CompletedTask;
        }));
        return keys;
    }
}
