using Google.Protobuf.Reflection;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Hosting;

/// <summary>The contracts of the suite, as they are generated.</summary>
internal static class Contracts
{
    /// <summary>All methods of all services of the suite; health and reflection are gRPC's.</summary>
    public static IReadOnlyList<MethodDescriptor> Methods { get; } =
    [
        .. typeof(UsersService).Assembly.GetTypes()
            .Select(type => type.GetProperty("Descriptor", typeof(ServiceDescriptor))?.GetValue(null)).OfType<ServiceDescriptor>()
            .Where(service => !service.File.Package.StartsWith("grpc.", StringComparison.Ordinal))
            .OrderBy(service => service.FullName, StringComparer.Ordinal)
            .SelectMany(service => service.Methods),
    ];

    /// <summary>A file and all that it imports, each after what it imports.</summary>
    public static IReadOnlyList<FileDescriptor> WithDependencies(FileDescriptor file) => [.. file.Dependencies.SelectMany(WithDependencies).Append(file).DistinctBy(each => each.Name)];
}
