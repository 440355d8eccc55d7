using System.Text.Json.Nodes;
using Grpc.AspNetCore.Server;
using Microservices.Auth.V1;
using Microservices.Hosting.Auth;
using Microservices.Tests.Integration.Gateway;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Auth;

/// <summary>A route of the gateway: who may call it, and the request that its description has as an example.</summary>
/// <param name="Method">The HTTP method; "ANY" of a route that takes all.</param>
/// <param name="Path">The path, with its parameters.</param>
/// <param name="Accesses">Of the methods that it stands for; none: it is open to all.</param>
/// <param name="Example">The body of the example; null for none.</param>
internal sealed record GatewayRoute(string Method, string Path, IReadOnlyList<MethodAccess> Accesses, JsonNode? Example)
{
    private const string UserId = "userId";
    private const string UserIds = "userIds";
    private const string OwnerId = "ownerId";

    /// <summary>The endpoints of webhooks.</summary>
    public const string Endpoints = "/v1/webhooks/endpoints";

    /// <summary>The sources of webhooks.</summary>
    public const string Sources = "/v1/webhooks/sources";

    /// <summary>Jobs.</summary>
    public const string Jobs = "/v1/jobs";

    /// <summary>Schedules of jobs.</summary>
    public const string Schedules = "/v1/schedules";

    /// <summary>Flows.</summary>
    public const string Flows = "/v1/flows";

    public string Name => $"{Method} {Path}";

    public bool IsOpen => Accesses.Count == 0;

    /// <summary>Whether it is about whoever calls, so that nothing of it is another's.</summary>
    public bool IsOfCaller => Path.StartsWith("/bff/", StringComparison.Ordinal);

    public IEnumerable<AccessPolicy> Policies => Accesses.Select(access => access.Policy);

    /// <summary>How what is another user's is answered: refused as a whole, refused one by one, or as what does not exist.</summary>
    public (int Status, bool OneByOne) OfAnother =>
        Path.Contains($"{{{UserId}}}", StringComparison.Ordinal) || Example?[UserId] is not null || Path is Endpoints or Sources or Jobs or Schedules or Flows ? (403, false) : Example?[UserIds] is not null ? (200, true) : (404, false);

    /// <summary>All routes of a gateway, but those of gRPC.</summary>
    public static async Task<IReadOnlyList<GatewayRoute>> AllAsync(GatewayFactory gateway)
    {
        var description = JsonNode.Parse(await gateway.Rest.GetStringAsync("/openapi/v1.json"))!;
        return
        [
            .. from endpoint in gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
               where endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is null && endpoint.RoutePattern.GetParameter("unimplementedMethod") is null
               // The description knows no parameter of many segments.
               let path = endpoint.RoutePattern.RawText!.Replace("{**path}", "{path}", StringComparison.Ordinal)
               from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["ANY"]
               select new GatewayRoute(method, path, endpoint.Metadata.GetOrderedMetadata<MethodAccess>(), ExampleOf(description, path, method)),
        ];
    }

    /// <summary>The request of the example, about what is the owner's.</summary>
    /// <param name="owner">The user.</param>
    /// <param name="ids">What else paths are about, by the names of their parameters.</param>
    /// <param name="method">Instead of that of the route.</param>
    public HttpRequestMessage Request(string owner, IReadOnlyDictionary<string, string> ids, string? method = null)
    {
        var body = Example?.DeepClone();
        if (body?[UserId] is not null)
            body[UserId] = owner;
        if (body?[OwnerId] is not null)
            body[OwnerId] = owner;
        if (body?[UserIds] is not null)
            body[UserIds] = new JsonArray(owner);
        // None, which is not valid, rather than one that is not there: so 404 always means "not yours".
        if (body?["notificationIds"] is not null)
            body["notificationIds"] = new JsonArray();
        var path = ids.Append(new(UserId, owner)).Aggregate(Path, (path, id) => path.Replace($"{{{id.Key}}}", id.Value, StringComparison.Ordinal));
        if (Path is Endpoints or Sources or Jobs or Schedules or Flows && body is null)
            path += $"?{OwnerId}={owner}";
        return new(new HttpMethod(method ?? Method), path) { Content = body is null ? null : Http.Body(body.ToJsonString()) };
    }

    private static JsonNode? ExampleOf(JsonNode description, string path, string method) =>
        description["paths"]![path]?[method.ToLowerInvariant()]?["requestBody"]?["content"]?["application/json"]?["example"];
}
