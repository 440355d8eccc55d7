namespace Microservices.Local;

/// <summary>
/// The one terminal that all processes share: a line at a time, each marked with whose it is. Safe to use from several threads.
/// </summary>
internal sealed class Terminal
{
    private const string OwnName = "local";
    private static readonly int[] Colors = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

    private readonly Lock gate = new();
    private readonly string[] names;
    private readonly int width;
    private readonly bool colorful = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>A terminal for processes with these names.</summary>
    public Terminal(IEnumerable<string> names)
    {
        this.names = [.. names];
        width = this.names.Append(OwnName).Max(n => n.Length);
    }

    /// <summary>A line that a process wrote.</summary>
    public void Write(string name, string line, bool isError)
    {
        var mark = name.PadRight(width) + " | ";
        var plain = !colorful || (isError ? Console.IsErrorRedirected : Console.IsOutputRedirected);
        var color = Array.IndexOf(names, name) is >= 0 and var i ? Colors[i % Colors.Length] : 1;
        var text = plain ? mark + line : $"\e[{color}m{mark}\e[0m{line}";
        lock (gate)
            (isError ? Console.Error : Console.Out).WriteLine(text);
    }

    /// <summary>Lines of the launcher's own.</summary>
    public void Say(string text, bool isError = false)
    {
        foreach (var line in text.Split(Environment.NewLine))
            Write(OwnName, line, isError);
    }

    /// <summary>Text to read and copy, unmarked and in one piece.</summary>
    public void Show(string text)
    {
        lock (gate)
            Console.Out.WriteLine(text);
    }
}
