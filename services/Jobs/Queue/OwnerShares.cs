using Microservices.Persistence;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>How many jobs of each owner run in this process: one less than it does at a time, so that an owner whose jobs take long leaves a place to the others. Thread-safe.</summary>
internal sealed class OwnerShares(IOptions<DueOptions> options)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> running = [];
    private readonly int most = Math.Max(1, options.Value.Concurrency - 1);

    public bool TryEnter(string ownerId)
    {
        lock (gate)
        {
            var count = running.GetValueOrDefault(ownerId);
            if (count >= most)
                return false;
            running[ownerId] = count + 1;
            return true;
        }
    }

    public void Exit(string ownerId)
    {
        lock (gate)
        {
            if (--running[ownerId] == 0)
                running.Remove(ownerId);
        }
    }
}
