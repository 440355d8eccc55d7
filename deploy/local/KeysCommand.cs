using System.CommandLine;

namespace Microservices.Local;

/// <summary>The command <c>keys</c>: makes the keys and certificates of a deployment elsewhere. The launcher makes its own.</summary>
internal static class KeysCommand
{
    private static readonly Argument<string> Directory = new("DIR") { Description = "Where they are, or are to be" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var keys = new Command("keys", "Makes the keys and certificates that a deployment elsewhere needs, as far as they are not there yet") { Directory };
        keys.SetAction((result, _) => LaunchCommand.ReportAsync(() =>
        {
            var directory = Path.GetFullPath(result.GetRequiredValue(Directory));
            new Keys(directory).MakeMissing(Catalog.Services);
            Plan.CertificatesOf(directory).MakeMissing(Catalog.Services);
            return Task.CompletedTask;
        }));
        return keys;
    }
}
