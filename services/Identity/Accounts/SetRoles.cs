using Microservices.Hosting.Errors;
using Microservices.Identity.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Identity;

/// <summary>Sets the roles of an account, and revokes the tokens that have the earlier ones.</summary>
internal sealed class SetRoles(Database<IdentityDbContext> database, AuditLog audit, Revocations revocations)
{
    public async Task<SetRolesResponse> HandleAsync(SetRolesRequest request, string actor, Origin origin, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("user_id", request.UserId);
        for (var i = 0; i < request.Roles.Count; i++)
        {
            if (request.Roles[i] != Role.Operator)
                violations.Add($"roles[{i}]", "must be ROLE_OPERATOR");
        }

        violations.ThrowIfAny(IdentityErrors.Domain);
        var isOperator = request.Roles.Count > 0;
        await database.WriteAsync(async context =>
        {
            var account = await context.Accounts.SingleOrDefaultAsync(a => a.UserId == request.UserId, cancellationToken)
                ?? throw new StatusException(IdentityErrors.NotFound(request.UserId));
            if (account.IsOperator == isOperator)
                return false;
            account.IsOperator = isOperator;
            account.Version++;
            var record = await audit.AppendAsync(context, AuditEvents.RolesSet, account.UserId, actor, origin, string.Join(' ', account.Roles), cancellationToken);
            await revocations.RevokeAllAsync(context, account.UserId, record, cancellationToken);
            return true;
        }, cancellationToken);
        return new SetRolesResponse { Roles = { isOperator ? [Role.Operator] : Array.Empty<Role>() } };
    }
}
