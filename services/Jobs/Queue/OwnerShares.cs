using Microservices.Persistence;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>
/// How many jobs of each owner run in this process: another one begins only while more places are free than the owner has. So an owner has half of them at the most, the next one half
/// of what is left, and there is one left for who has none, even if the jobs of several never end. Thread-safe.
/// </summary>
internal sealed class OwnerShares(IOptions<DueOptions> options)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> running = [];
    private int free = options.Value.Concurrency;

    public bool TryEnter(string ownerId)
    {
        lock (gate)
        {
            var count = running.GetValueOrDefault(ownerId);
            if (count >= free)
                return false;
            running[ownerId] = count + 1;
            free--;
            return true;
        }
    }

    public void Exit(string ownerId)
    {
        lock (gate)
        {
            free++;
            if (--running[ownerId] == 0)
                running.Remove(ownerId);
        }
    }
}
