using System.CommandLine;

namespace Microservices.Local;

/// <summary>The command <c>token</c>: prints an access token of a demo account, and nothing else.</summary>
internal static class TokenCommand
{
    private static readonly Argument<string> Account = new("NAME") { Description = "The account: grace, a user, or operator" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var token = new Command("token", "Prints an access token of a demo account of the suite that runs; it is valid for minutes") { Account, LaunchCommand.Data };
        token.SetAction((result, _) => LaunchCommand.ReportAsync(async () =>
        {
            var (text, _) = await DemoAccount.LogInAsync(LaunchCommand.DataOf(result), result.GetRequiredValue(Account));
            await Console.Out.WriteLineAsync(text);
        }));
        return token;
    }
}
