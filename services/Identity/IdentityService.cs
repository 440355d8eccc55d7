using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Identity.V1;

namespace Microservices.Identity;

/// <summary>The gRPC surface of Identity.</summary>
internal sealed class IdentityService(SetRoles roles, Sessions sessions) : V1.IdentityService.IdentityServiceBase
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

    /// <summary>The operator who calls. Its token says that it was one when that was issued; here it must be one now, and its session must not have ended.</summary>
    private async Task<string> OperatorAsync(ServerCallContext context)
    {
        var caller = (Principal)context.GetHttpContext().User;
        if (await sessions.FindAccountAsync(caller.SessionId, context.CancellationToken) is not { } account || account.UserId != caller.Subject)
            throw new StatusException(IdentityErrors.SessionEnded);
        return account.IsOperator ? account.UserId : throw new StatusException(IdentityErrors.NotOperator);
    }
}
