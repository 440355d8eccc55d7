using Microservices.Identity.V1;
using Microservices.Persistence;
using Microservices.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>Makes the first operator, whom no other operator can make: whoever may run a process on the database does.</summary>
internal static partial class OperatorJob
{
    private const string Key = "Identity:MakeOperatorAndExit";

    /// <summary>
    /// With <see cref="IdentityOptions.MakeOperatorAndExit"/>: opens no port, makes the account of this e-mail address an operator, and returns true: that was all. Else does
    /// nothing and returns false: the process is to serve.
    /// </summary>
    /// <exception cref="InvalidSettingException">There is no such account.</exception>
    public static async Task<bool> MakeOperatorAndExitAsync(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<IdentityOptions>>().Value.MakeOperatorAndExit is not { Length: > 0 } email)
            return false;

        // Its last lines are written when it is disposed.
        await using (app)
        {
            var key = Account.KeyOf(email);
            var account = await app.Services.GetRequiredService<Database<IdentityDbContext>>()
                .ReadAsync(context => context.Accounts.SingleOrDefaultAsync(a => a.EmailKey == key && a.IsRegistered), CancellationToken.None)
                ?? throw new InvalidSettingException(Key, $"must be the e-mail address of somebody who has registered, but there is no account of '{email}'");
            await app.Services.GetRequiredService<SetRoles>()
                .HandleAsync(new SetRolesRequest { UserId = account.UserId, Roles = { Role.Operator } }, Origin.Actor, Origin.Process, CancellationToken.None);
            LogMade(app.Logger, account.UserId);
        }

        return true;
    }

    [LoggerMessage(LogLevel.Information, "{UserId} is an operator; done")]
    private static partial void LogMade(ILogger logger, string userId);
}
