using System.Security.Cryptography;
using System.Text;
using Microservices.Persistence;

namespace Microservices.Jobs;

/// <summary>
/// One of the places that an owner's jobs run in. A lane is a row of due work that says "do the next job of this owner": so one process at a time has it, owners take turns by
/// their lanes, whatever number of jobs each has, and a job that waits holds up no other.
/// </summary>
internal readonly record struct Lane(string OwnerId, int Number)
{
    /// <summary>The kind of due work, as it is stored.</summary>
    public const string Kind = "jobs";

    private const int HashedBytes = 16;

    /// <summary>The lane of a row.</summary>
    public static Lane Of(DueWork work)
    {
        var text = Encoding.UTF8.GetString(work.Payload);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return new(text[(slash + 1)..], int.Parse(text.AsSpan(0, slash), System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>All lanes of an owner.</summary>
    public static IEnumerable<Lane> AllOf(string ownerId, int count) => Enumerable.Range(0, count).Select(number => new Lane(ownerId, number));

    /// <summary>Asks for the next job to be done, after a while. Asked for while a job runs in it, it looks once more afterwards.</summary>
    public NewDueWork Asked(TimeSpan delay = default)
    {
        var text = Encoding.UTF8.GetBytes($"{Number}/{OwnerId}");
        // An owner's id may be as long as the id of a row.
        return new(Kind, text) { Id = Convert.ToHexStringLower(SHA256.HashData(text).AsSpan(0, HashedBytes)), AsksAgain = true, Delay = delay };
    }
}
