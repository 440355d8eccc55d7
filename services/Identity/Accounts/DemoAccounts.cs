using System.Security.Cryptography;
using Grpc.Core;
using Microservices.Persistence;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>
/// Makes two accounts in Development, once, while the process serves already: <c>grace</c>, a user, and <c>operator</c>. Each has a random password, in the file
/// NAME.password of <see cref="IdentityOptions.DemoDirectory"/>.
/// </summary>
internal sealed partial class DemoAccounts(Database<IdentityDbContext> database, Register register, AuditLog audit, IOptions<IdentityOptions> options, TimeProvider time, ILogger<DemoAccounts> logger)
    : BackgroundService
{
    public const string Key = "Identity:DemoDirectory";

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly (string Name, string DisplayName, bool IsOperator)[] Accounts = [("grace", "Grace Hopper", false), ("operator", "Operator", true)];

    // LoggerMessage asks for a field.
    private readonly ILogger logger = logger;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var (name, displayName, isOperator) in Accounts)
        {
            while (!await TryMakeAsync(name, displayName, isOperator, stoppingToken))
                await Task.Delay(RetryDelay, time, stoppingToken);
        }
    }

    // False while Users is not there yet.
    private async Task<bool> TryMakeAsync(string name, string displayName, bool isOperator, CancellationToken cancellationToken)
    {
        if (await database.ReadAsync(context => context.Accounts.SingleOrDefaultAsync(a => a.UserId == name && a.IsRegistered, cancellationToken), cancellationToken) is { } made)
            return made.IsOperator == isOperator || await MakeOperatorAsync(name, cancellationToken);
        var file = Path.Combine(Directory.CreateDirectory(options.Value.DemoDirectory!).FullName, $"{name}.password");
        if (!File.Exists(file))
            SecretFile.Write(file, WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(18)));
        try
        {
            var result = await register.HandleAsync(displayName, $"{name}@example.com", await File.ReadAllTextAsync(file, cancellationToken), Origin.Process, cancellationToken, name);
            if (result.Delay > TimeSpan.Zero)
                return false;
            if (result.Account is null)
                LogRefused(name, string.Join("; ", result.Problems.Select(problem => $"{problem.Field} {problem.Problem}")));
            else if (isOperator)
                await MakeOperatorAsync(name, cancellationToken);
            return true;
        }
        catch (RpcException unreachable) when (Register.IsUnreachable(unreachable))
        {
            return false;
        }
    }

    private Task<bool> MakeOperatorAsync(string name, CancellationToken cancellationToken) => database.WriteAsync(async context =>
    {
        var account = await context.Accounts.SingleAsync(a => a.UserId == name, cancellationToken);
        account.IsOperator = true;
        account.Version++;
        await audit.AppendAsync(context, AuditEvents.RolesSet, name, "identity", Origin.Process, string.Join(' ', account.Roles), cancellationToken);
        return true;
    }, cancellationToken);

    [LoggerMessage(LogLevel.Warning, "The demo account {Name} was not made: {Problems}")]
    private partial void LogRefused(string name, string problems);
}
