namespace Microservices.Local;

/// <summary>Ends the launcher with a message for whoever called it and an exit code that the help explains.</summary>
internal sealed class LaunchException : Exception
{
    private LaunchException(string message, int exitCode)
        : base(message) => ExitCode = exitCode;

    /// <summary>The exit code of the launcher.</summary>
    public int ExitCode { get; }

    /// <summary>Nothing was started.</summary>
    public static LaunchException Refused(string message) => new(message, 1);

    /// <summary>Something failed after the start.</summary>
    public static LaunchException Failed(string message) => new(message, 2);
}
