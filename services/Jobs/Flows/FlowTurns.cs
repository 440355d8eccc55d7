using System.Text;
using Microservices.Persistence;
using Microservices.Primitives;

namespace Microservices.Jobs;

/// <summary>
/// The due work of flows. A turn is a row that says "look what this flow has to do now": one process at a time has it, and it is asked for by whatever the flow waits for. An owner has few keys,
/// so that owners take turns, whatever number of flows each has. A timer is a row of another kind, without a key, since in a key what is due later would hold up what is due now.
/// </summary>
internal static class FlowTurns
{
    /// <summary>The kind of due work that runs flows, as it is stored.</summary>
    public const string Kind = "flows";

    /// <summary>The kind of due work that asks for a turn at a time, as it is stored.</summary>
    public const string TimerKind = "flow-timers";

    // How many flows of an owner go on at a time, at all replicas together: they wait most of the time.
    private const int KeysPerOwner = 2;

    /// <summary>Asks for a turn. Asked for during a turn, there is another one afterwards.</summary>
    public static NewDueWork Asked(string flowId, string ownerId) =>
        new(Kind, Encoding.UTF8.GetBytes($"{flowId}/{ownerId}")) { Id = flowId, Key = $"{StableHash.Of(flowId) % KeysPerOwner}/{ownerId}", AsksAgain = true };

    /// <summary>Asks for a turn after a while. What was asked for earlier stays.</summary>
    public static NewDueWork AskedIn(string flowId, string ownerId, TimeSpan delay) =>
        new(TimerKind, Encoding.UTF8.GetBytes($"{flowId}/{ownerId}")) { Id = flowId, AsksAgain = true, Delay = delay > TimeSpan.Zero ? delay : TimeSpan.Zero };

    /// <summary>The flow that a row is about.</summary>
    public static (string FlowId, string OwnerId) Of(DueWork work)
    {
        var text = Encoding.UTF8.GetString(work.Payload);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return (text[..slash], text[(slash + 1)..]);
    }
}

/// <summary>The time has come: the flow gets a turn.</summary>
internal sealed class WakeFlow : IDueHandler<JobsDbContext>
{
    public Task<DueResult<JobsDbContext>> HandleAsync(DueWork work, CancellationToken cancellationToken)
    {
        var (flowId, ownerId) = FlowTurns.Of(work);
        return Task.FromResult(DueResult.Done<JobsDbContext>(context =>
        {
            context.AddDue(FlowTurns.Asked(flowId, ownerId));
            return Task.CompletedTask;
        }));
    }
}
