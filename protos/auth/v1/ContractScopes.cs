using Google.Protobuf.Reflection;

namespace Microservices.Auth.V1;

/// <summary>The scopes of access tokens: those that the contracts' methods need, so that a method that needs a new one makes it.</summary>
public static class ContractScopes
{
    /// <summary>All of them, each once, in alphabetical order.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. typeof(AccessPolicy).Assembly.GetTypes()
            .Select(type => type.GetProperty("Descriptor", typeof(ServiceDescriptor))?.GetValue(null)).OfType<ServiceDescriptor>()
            .SelectMany(service => service.Methods)
            .SelectMany(method => method.GetOptions()?.GetExtension(PolicyExtensions.Access)?.Scopes ?? [])
            .Distinct().Order(StringComparer.Ordinal),
    ];
}
