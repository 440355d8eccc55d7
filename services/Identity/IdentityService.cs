using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Identity.V1;

namespace Microservices.Identity;

/// <summary>The gRPC surface of Identity.</summary>
internal sealed class IdentityService(SetRoles roles, Sessions sessions, Operators operators) : V1.IdentityService.IdentityServiceBase
{
    public override async Task<SetRolesResponse> SetRoles(SetRolesRequest request, ServerCallContext context) =>
        await roles.HandleAsync(request, await operators.RequireAsync(context), Origin.Of(context.GetHttpContext()), context.CancellationToken);

    public override async Task<EndSessionsResponse> EndSessions(EndSessionsRequest request, ServerCallContext context)
    {
        var actor = await operators.RequireAsync(context);
        var violations = new FieldViolations();
        violations.CheckId("user_id", request.UserId);
        violations.ThrowIfAny(IdentityErrors.Domain);
        var ended = await sessions.EndAllAsync(request.UserId, actor, Origin.Of(context.GetHttpContext()), context.CancellationToken)
            ?? throw new StatusException(IdentityErrors.NotFound(request.UserId));
        return new EndSessionsResponse { Ended = ended };
    }
}
