using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Microservices.Hosting.Auth;

/// <summary>Makes every endpoint of a process say who may call it: a gRPC method by its contract, a route where it is mapped.</summary>
public static class EndpointAccess
{
    // Grpc.AspNetCore's own, which only say that there is no such method.
    private const string UnknownMethod = "unimplementedMethod";

    /// <summary>The route stands for a method: whoever may call that, may call the route.</summary>
    /// <exception cref="InvalidOperationException">The contract does not state who may.</exception>
    public static TBuilder StandsFor<TBuilder>(this TBuilder route, ServiceDescriptor service, string method)
        where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(MethodAccess.Of(service.FindMethodByName(method) ?? throw new InvalidOperationException($"{service.FullName} has no method {method}.")));

    /// <summary>Anybody may call the route: it tells nothing that is anybody's.</summary>
    public static TBuilder OpenToAll<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(OpenAccess.Instance);

    /// <summary>Checks that every endpoint that is mapped says who may call it.</summary>
    /// <exception cref="InvalidOperationException">One does not: the process must not start.</exception>
    internal static void RequireAccess(this IEndpointRouteBuilder app)
    {
        var silent = app.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Where(endpoint => !Says(endpoint)).Select(endpoint => endpoint.DisplayName).ToList();
        if (silent.Count > 0)
            throw new InvalidOperationException($"These do not say who may call them ({nameof(StandsFor)}, {nameof(OpenToAll)}): {string.Join(", ", silent)}");
    }

    private static bool Says(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<MethodAccess>() is not null
        || endpoint.Metadata.GetMetadata<OpenAccess>() is not null
        || endpoint.RoutePattern.GetParameter(UnknownMethod) is not null;
}

/// <summary>Metadata of an endpoint that anybody may call.</summary>
internal sealed class OpenAccess
{
    private OpenAccess()
    {
    }

    public static OpenAccess Instance { get; } = new();
}
