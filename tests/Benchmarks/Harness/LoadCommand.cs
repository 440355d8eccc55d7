using System.CommandLine;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>The hidden command that makes this program a load generator: see <see cref="LoadProcess"/>.</summary>
internal static class LoadCommand
{
    public const string Name = "load";

    public static Command Create()
    {
        var kind = new Argument<string>("kind");
        var command = new Command(Name, "Generates load, as standard input asks. Used by the scenarios.") { kind };
        command.Hidden = true;
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(kind)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string kind, CancellationToken cancellationToken)
    {
        // Whatever prints something must not get in between the answers.
        var answers = Console.Out;
        Console.SetOut(Console.Error);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var channel = new LoadChannel(Console.In, answers);
        // Reading standard input cannot be cancelled; it ends with the process.
        var listening = Task.Run(() => channel.ListenAsync(over.Cancel), CancellationToken.None);
        try
        {
            await Loads.All[kind](channel, over.Token);
            return 0;
        }
        catch (OperationCanceledException) when (listening.IsCompleted)
        {
            // Whoever asked has gone.
            return 0;
        }
    }
}
