using Grpc.Core;
using Grpc.Core.Interceptors;
using Microservices.Gateway.Errors;
using Microservices.Hosting;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microservices.Webhooks.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway;

/// <summary>
/// Keeps the unary calls to one backend within what it can bear (<see cref="ConcurrencyLimit"/>), so that one that hangs takes nothing
/// from the others; a call beyond the limit fails at once with RESOURCE_EXHAUSTED (a <see cref="StatusException"/>, thrown by the call itself,
/// so that a caller can tell it from a service that refuses). No user uses it up for the others (<see cref="UserShares"/>). The call streams to it have a limit of their own.
/// </summary>
internal sealed class Bulkhead(ConcurrencyLimit limit, IHttpContextAccessor requests, TimeProvider time) : Interceptor
{
    private readonly UserShares users = new(limit);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        var user = requests.HttpContext?.User is Principal caller && UserCount.Counts(caller) ? caller.Id : null;
        if (!users.TryEnter(user))
            throw new StatusException(GatewayErrors.Overloaded());
        var call = continuation(request, context);
        return new AsyncUnaryCall<TResponse>(WatchAsync(call.ResponseAsync, user, context.Options.Deadline ?? DateTime.MaxValue), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    private async Task<T> WatchAsync<T>(Task<T> response, string? user, DateTime deadline)
    {
        var (started, given) = (time.GetTimestamp(), deadline - time.GetUtcNow().UtcDateTime);
        try
        {
            var answer = await response;
            limit.Answered(time.GetElapsedTime(started));
            return answer;
        }
        catch (RpcException exception)
        {
            limit.Failed(exception.StatusCode, exception.Trailers.GetRpcStatus(ignoreParseError: true), time.GetElapsedTime(started), given);
            throw;
        }
        catch
        {
            limit.Ignored();
            throw;
        }
        finally
        {
            users.Exit(user);
        }
    }
}

internal static class BulkheadRegistration
{
    /// <summary>Registers the clients of the services that REST and overviews are made of.</summary>
    public static void AddGuardedBackends(this WebApplicationBuilder builder)
    {
        builder.Services.AddHttpContextAccessor();
        builder.AddGuardedBackend<UsersService.UsersServiceClient>("Users");
        builder.AddGuardedBackend<OrdersService.OrdersServiceClient>("Orders");
        builder.AddGuardedBackend<NotificationsService.NotificationsServiceClient>("Notifications");
        builder.AddGuardedBackend<WebhooksService.WebhooksServiceClient>("Webhooks");
        builder.AddGuardedBackend<SourcesService.SourcesServiceClient>("Webhooks");
        builder.AddGuardedBackend<JobsService.JobsServiceClient>("Jobs");
        builder.AddGuardedBackend<SchedulesService.SchedulesServiceClient>("Jobs");
        builder.AddGuardedBackend<FlowsService.FlowsServiceClient>("Jobs");
    }

    /// <summary>A client of a backend behind a bulkhead of its own, with the bounds of <c>Backends:NAME</c>.</summary>
    private static void AddGuardedBackend<TClient>(this WebApplicationBuilder builder, string name)
        where TClient : ClientBase<TClient> =>
        builder.AddBackend<TClient>(name, services =>
        {
            var time = services.GetRequiredService<TimeProvider>();
            var options = services.GetRequiredService<IOptionsMonitor<CallStreamClientOptions>>().Get($"Backends:{name}");
            return new Bulkhead(new ConcurrencyLimit(options.MinConcurrency, options.MaxConcurrency, time), services.GetRequiredService<IHttpContextAccessor>(), time);
        });
}
