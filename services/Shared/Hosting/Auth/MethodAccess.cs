using Google.Protobuf.Reflection;
using Microservices.Auth.V1;

namespace Microservices.Hosting.Auth;

/// <summary>
/// Who may call a method, as its contract states it (<c>auth.v1.access</c>); of the gateway's routes, who may call the method that they stand for.
/// It is metadata of the endpoint. Immutable.
/// </summary>
public sealed class MethodAccess
{
    private MethodAccess(MethodDescriptor method, AccessPolicy policy)
    {
        Method = method;
        Policy = policy;
        if (policy.Owner.Length > 0)
            IsOwnerInRequest = OwnerPath.Leads(method.InputType, policy.Owner);
    }

    /// <summary>The method.</summary>
    public MethodDescriptor Method { get; }

    /// <summary>What its contract states.</summary>
    public AccessPolicy Policy { get; }

    /// <summary>Whether the request says whose it is; otherwise only what is kept does, and the query has to check it.</summary>
    public bool IsOwnerInRequest { get; }

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
