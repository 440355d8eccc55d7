namespace Microservices.EventLog;

/// <summary>
/// Things that are of no use any more and have to be ended: all are tried, and those that fail are tried again the next time. Not thread-safe.
/// </summary>
internal sealed class Abandoned
{
    private List<Func<Task>> ends = [];

    /// <summary>How many have not been ended yet.</summary>
    public int Count => ends.Count;

    public void Add(Func<Task> end) => ends.Add(end);

    /// <summary>Ends them, side by side; returns why some could not be ended.</summary>
    public async Task<IReadOnlyList<Exception>> EndAsync()
    {
        var failures = await Task.WhenAll(ends.Select(TryAsync));
        ends = [.. ends.Zip(failures).Where(pair => pair.Second is not null).Select(pair => pair.First)];
        return [.. failures.OfType<Exception>()];
    }

    private static async Task<Exception?> TryAsync(Func<Task> end)
    {
        try
        {
            await end();
            return null;
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            return e;
        }
    }
}
