using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Microservices.Hosting.Auth;

/// <summary>
/// Who calls a method, and whose things it may see and change by it: everybody's, or only its own. The query holds to it, so that what is another user's
/// looks like what does not exist.
/// </summary>
/// <param name="Caller">Who calls: what idempotency keys are scoped by.</param>
/// <param name="Owner">The only user whose things they are; null for everybody's.</param>
public readonly record struct Rights(string Caller, string? Owner)
{
    /// <summary>Those of the process itself, with which it rehearses its commands: everybody's.</summary>
    public static Rights OfProcess { get; } = new("process", Owner: null);

    /// <summary>Those of the caller of a method, who was let in.</summary>
    public static Rights Of(ServerCallContext call) => Of(call.GetHttpContext());

    /// <summary>Those of the caller of a route, who was let in: of the methods that it stands for, the least.</summary>
    public static Rights Of(HttpContext http)
    {
        var accesses = http.GetEndpoint()!.Metadata.GetOrderedMetadata<MethodAccess>();
        var rights = accesses[0].RightsOf((Principal)http.User);
        for (var i = 1; i < accesses.Count && rights.Owner is null; i++)
            rights = accesses[i].RightsOf((Principal)http.User);
        return rights;
    }

    /// <summary>What a caller is told who asks for another user's, by that user's id.</summary>
    public static Google.Rpc.Status NotYours => AuthErrors.NotYours;

    /// <summary>Whether they include this user's things.</summary>
    public bool Include(string userId) => Owner is null || Owner == userId;
}
