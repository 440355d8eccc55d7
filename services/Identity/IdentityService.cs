using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Identity.V1;

namespace Microservices.Identity;

/// <summary>The gRPC surface of Identity.</summary>
internal sealed class IdentityService(SetRoles roles, Sessions sessions, WatchRevocations revocations) : V1.IdentityService.IdentityServiceBase
{
    public override async Task<SetRolesResponse> SetRoles(SetRolesRequest request, ServerCallContext context) =>
        await roles.HandleAsync(request, await OperatorAsync(context), Origin.Of(context.GetHttpContext()), context.CancellationToken);

    public override async Task<EndSessionsResponse> EndSessions(EndSessionsRequest request, ServerCallContext context)
    {
        var actor = await OperatorAsync(context);
        var violations = new FieldViolations();
        violations.CheckId("user_id", request.UserId);
        violations.ThrowIfAny(IdentityErrors.Domain);
        var ended = await sessions.EndAllAsync(request.UserId, actor, Origin.Of(context.GetHttpContext()), context.CancellationToken)
            ?? throw new StatusException(IdentityErrors.NotFound(request.UserId));
        return new EndSessionsResponse { Ended = ended };
    }

    public override Task WatchRevocations(WatchRevocationsRequest request, IServerStreamWriter<WatchRevocationsResponse> responseStream, ServerCallContext context) =>
        revocations.HandleAsync(responseStream, context);

    public override async Task<ListSessionsResponse> ListSessions(ListSessionsRequest request, ServerCallContext context)
    {
        await CallerAsync(context);
        var violations = new FieldViolations();
        violations.CheckId("user_id", request.UserId);
        violations.ThrowIfAny(IdentityErrors.Domain);
        return new ListSessionsResponse { Sessions = { (await sessions.ListAsync(request.UserId, context.CancellationToken)).Select(session => session.ToMessage()) } };
    }

    public override async Task<EndSessionResponse> EndSession(EndSessionRequest request, ServerCallContext context)
    {
        await CallerAsync(context);
        var violations = new FieldViolations();
        violations.CheckId("user_id", request.UserId);
        violations.CheckId("session_id", request.SessionId);
        violations.ThrowIfAny(IdentityErrors.Domain);
        return await sessions.EndAsync(request.SessionId, AuditEvents.LoggedOut, Origin.Of(context.GetHttpContext()), context.CancellationToken, request.UserId)
            ? new EndSessionResponse()
            : throw new StatusException(IdentityErrors.SessionNotFound(request.SessionId));
    }

    /// <summary>The operator who calls. Its token says that it was one when that was issued; here it must be one now.</summary>
    private async Task<string> OperatorAsync(ServerCallContext context) =>
        await CallerAsync(context) is { IsOperator: true } account ? account.UserId : throw new StatusException(IdentityErrors.NotOperator);

    /// <summary>Who calls: its session must not have ended since its token was issued.</summary>
    private async Task<Account> CallerAsync(ServerCallContext context)
    {
        var caller = (Principal)context.GetHttpContext().User;
        return await sessions.FindAccountAsync(caller.SessionId, context.CancellationToken) is { } account && account.UserId == caller.Subject
            ? account
            : throw new StatusException(IdentityErrors.SessionEnded);
    }
}
