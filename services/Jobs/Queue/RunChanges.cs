namespace Microservices.Jobs;

/// <summary>What a run has said since it was last asked.</summary>
/// <param name="Progress">How far it is, in percent.</param>
/// <param name="Lines">Lines of its log, oldest first.</param>
/// <param name="Dropped">How many lines more there were.</param>
internal sealed record RunChanges(int Progress, IReadOnlyList<string> Lines, int Dropped);

/// <summary>Collects what a run says, within bounds, until somebody asks. Thread-safe.</summary>
internal sealed class RunReport
{
    private const int MaxLines = 20;
    private readonly Lock gate = new();
    private List<string> lines = [];
    private int progress;
    private int dropped;
    private bool changed;

    public void Progress(int percent)
    {
        lock (gate)
            (progress, changed) = (Math.Clamp(percent, 0, 100), true);
    }

    public void Log(string line)
    {
        lock (gate)
        {
            changed = true;
            if (lines.Count < MaxLines)
                lines.Add(line);
            else
                dropped++;
        }
    }

    /// <summary>What is new; null when nothing is.</summary>
    public RunChanges? Take()
    {
        lock (gate)
        {
            if (!changed)
                return null;
            var changes = new RunChanges(progress, lines, dropped);
            (lines, dropped, changed) = ([], 0, false);
            return changes;
        }
    }
}
