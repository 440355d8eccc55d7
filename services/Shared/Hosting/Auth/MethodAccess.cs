using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microservices.Auth.V1;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Auth;

/// <summary>
/// Who may call a method, as its contract states it (<c>auth.v1.access</c>); of the gateway's routes, who may call the method that they stand for.
/// It is metadata of the endpoint. Immutable.
/// </summary>
public sealed class MethodAccess
{
    private const string EveryWorkload = "*";
    private readonly OwnerPath? owner;

    private MethodAccess(MethodDescriptor method, AccessPolicy policy)
    {
        Method = method;
        Policy = policy;
        owner = OwnerPath.Find(method.InputType, policy.Owner);
    }

    /// <summary>The method.</summary>
    public MethodDescriptor Method { get; }

    /// <summary>What its contract states.</summary>
    public AccessPolicy Policy { get; }

    /// <summary>Whether the request says whose it is; otherwise only what is kept does, and the query has to check it.</summary>
    public bool IsOwnerInRequest => owner is not null;

    /// <summary>The access of a method.</summary>
    /// <exception cref="InvalidOperationException">Its contract does not state it, or cannot mean what it states: the process must not start.</exception>
    public static MethodAccess Of(MethodDescriptor method)
    {
        var policy = method.GetOptions()?.GetExtension(PolicyExtensions.Access)
            ?? throw new InvalidOperationException($"{method.FullName} does not state who may call it: give it the option (auth.v1.access).");
        return Problem(method, policy) is { } problem
            ? throw new InvalidOperationException($"{method.FullName}: its option (auth.v1.access) {problem}.")
            : new MethodAccess(method, policy);
    }

    /// <summary>The access of a method of gRPC's own, whose contract states nothing: operators may call it.</summary>
    internal static MethodAccess ForOperators(MethodDescriptor method) => new(method, new AccessPolicy { Roles = { Roles.Operator } });

    /// <summary>Why this caller may not call the method, whatever about; null when it may.</summary>
    internal Status? Refusal(Principal caller)
    {
        if (caller.IsWorkload)
            return Policy.Workloads.Contains(caller.Subject) || Policy.Workloads.Contains(EveryWorkload) ? null : AuthErrors.Denied;
        foreach (var scope in Policy.Scopes)
        {
            if (!caller.Scopes.Contains(scope))
                return AuthErrors.ScopeMissing;
        }

        // A client that asks for itself has no role, and owns nothing: a user may be called like it.
        return (Policy.Owner.Length > 0 && caller.Roles.Contains(Roles.User)) || HasRole(caller) ? null : AuthErrors.Denied;
    }

    /// <summary>What a caller who may call the method may call it about.</summary>
    internal Rights RightsOf(Principal caller) => new(caller.Id, caller.IsWorkload || HasRole(caller) ? null : caller.Subject);

    /// <summary>Why a caller with these rights may not send this request, or this call or subscription of a stream; null when it may.</summary>
    internal Status? Refusal(Rights rights, IMessage request) =>
        rights.Owner is null || owner is null || owner.IsOnly(request, rights.Owner) ? null : AuthErrors.NotYours;

    private bool HasRole(Principal caller)
    {
        foreach (var role in Policy.Roles)
        {
            if (caller.Roles.Contains(role))
                return true;
        }

        return false;
    }

    private static string? Problem(MethodDescriptor method, AccessPolicy policy)
    {
        var forPeople = policy.Owner.Length > 0 || policy.Roles.Count > 0;
        if (!forPeople && policy.Workloads.Count == 0)
            return "lets nobody in";
        if (forPeople != policy.Scopes.Count > 0)
            return forPeople ? "lets people in, and has no scope" : "has a scope, and lets no people in";
        if (policy.Owner.Length > 0 && !OwnerPath.Leads(method.InputType, policy.Owner) && !OwnerPath.Leads(method.OutputType, policy.Owner))
            return $"has the owner {policy.Owner}, which is no string of {method.InputType.Name} or {method.OutputType.Name}";
        if (policy.Roles.Except(Roles.All).FirstOrDefault() is { } role)
            return $"has the role {role}; there are {string.Join(" and ", Roles.All)}";
        return policy.Workloads.Concat(policy.Scopes).Any(string.IsNullOrWhiteSpace) ? "has an empty name" : null;
    }
}
