using Grpc.AspNetCore.Server;
using Microservices.Gateway.Errors;
using Microservices.Hosting.Auth;
using Microsoft.Net.Http.Headers;

namespace Microservices.Gateway.Rest;

/// <summary>
/// Lets requests in by what the methods that a route stands for state; of gRPC Hosting does that. What a path names as a user must be the caller itself,
/// unless it may ask for everybody's; what a body names is checked where the body is read, or by the service. What anybody may ask for counts as a stranger's.
/// </summary>
internal sealed class CallersMiddleware(RequestDelegate next, CallerCheck callers, IRequestLimits limits)
{
    private const string UserId = "userId";
    private const string Vary = $"{nameof(HeaderNames.Authorization)}, {nameof(HeaderNames.Cookie)}";

    public async Task InvokeAsync(HttpContext http)
    {
        var route = http.GetEndpoint()?.Metadata;
        if (route?.GetMetadata<GrpcMethodMetadata>() is null)
        {
            var isOpen = route?.GetMetadata<MethodAccess>() is null;
            // Whatever the answer is, it depends on who asks.
            if (!isOpen)
                http.Response.Headers.Vary = Vary;
            if (await (isOpen ? RefusalOfStrangerAsync(http, route) : RefusalAsync(http)) is { } refusal)
            {
                await ProblemMiddleware.WriteAsync(http, refusal);
                return;
            }
        }

        await next(http);
    }

    private ValueTask<Google.Rpc.Status?> RefusalOfStrangerAsync(HttpContext http, EndpointMetadataCollection? route) =>
        route?.GetMetadata<CountsRefusals>() is null ? limits.RefusalOfStrangerAsync(http) : new(limits.RefusalUnheard(http));

    private async ValueTask<Google.Rpc.Status?> RefusalAsync(HttpContext http)
    {
        if (await callers.RefusalAsync(http) is { } refusal)
            return refusal;
        return http.GetRouteValue(UserId) is string userId && !http.Rights().Include(userId) ? Rights.NotYours : null;
    }
}

internal static class Callers
{
    /// <summary>What the caller of a route may see and change by it.</summary>
    public static Rights Rights(this HttpContext http) => Hosting.Auth.Rights.Of(http);
}
