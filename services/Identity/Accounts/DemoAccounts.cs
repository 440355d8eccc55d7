using System.Security.Cryptography;
using Grpc.Core;
using Microservices.Identity.V1;
using Microservices.Persistence;
using Microservices.Sealing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>
/// Makes two accounts in Development, once, while the process serves already: <c>grace</c>, a user, and <c>operator</c>. Each has a random password, in the file
/// NAME.password of <see cref="IdentityOptions.DemoDirectory"/>. The process is ready when they are there.
/// </summary>
internal sealed partial class DemoAccounts(Database<IdentityDbContext> database, Register register, SetRoles roles, IOptions<IdentityOptions> options, TimeProvider time, ILogger<DemoAccounts> logger)
    : BackgroundService, IHealthCheck
{
    public const string Key = "Identity:DemoDirectory";

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);
    private static readonly (string Name, string DisplayName, bool IsOperator)[] Accounts = [("grace", "Grace Hopper", false), ("operator", "Operator", true)];

    // LoggerMessage asks for a field.
    private readonly ILogger logger = logger;
    private volatile bool areMade;

    /// <summary>The client that gets their tokens for command lines: it sends nobody anywhere but to this machine, and asks nobody.</summary>
    public static ClientDefinition Client()
    {
        var client = new ClientDefinition { ClientId = "demo", DisplayName = "Demo accounts", Grants = { Grant.AuthorizationCode }, RedirectUris = { "http://127.0.0.1/demo" }, AsksConsent = false };
        foreach (var scope in Authority.Scopes.Where(scope => scope.Contains('.', StringComparison.Ordinal)))
            client.Scopes.Add(scope);
        return client;
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(areMade ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("the demo accounts are not made yet"));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var (name, displayName, isOperator) in Accounts)
        {
            while (!await TryMakeAsync(name, displayName, isOperator, stoppingToken))
                await Task.Delay(RetryDelay, time, stoppingToken);
        }

        areMade = true;
    }

    // False while Users is not there yet.
    private async Task<bool> TryMakeAsync(string name, string displayName, bool isOperator, CancellationToken cancellationToken)
    {
        var found = await database.ReadAsync(context => context.Accounts.SingleOrDefaultAsync(a => a.UserId == name, cancellationToken), cancellationToken);
        if (found is { IsRegistered: true })
            return found.IsOperator == isOperator || await MakeOperatorAsync(name, cancellationToken);
        var file = Path.Combine(Path.GetFullPath(options.Value.DemoDirectory!), $"{name}.password");
        SecretFile.WriteOnce(file, WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(18)));
        try
        {
            // What was begun goes on, without another attempt that counts.
            var result = found is not null
                ? new RegisterResult(found, await register.CompleteAsync(found, Origin.Process, cancellationToken) ?? [])
                : await register.HandleAsync(displayName, $"{name}@example.com", await File.ReadAllTextAsync(file, cancellationToken), Origin.Process, cancellationToken, name);
            if (result.Delay > TimeSpan.Zero)
                return false;
            // Another replica may have made it meanwhile.
            if (result.Problems.Count > 0 && await IsMadeAsync(name, cancellationToken))
                return false;
            if (result.Problems.Count > 0)
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

    private Task<bool> IsMadeAsync(string name, CancellationToken cancellationToken) =>
        database.ReadAsync(context => context.Accounts.AnyAsync(a => a.UserId == name && a.IsRegistered, cancellationToken), cancellationToken);

    private async Task<bool> MakeOperatorAsync(string name, CancellationToken cancellationToken)
    {
        await roles.HandleAsync(new SetRolesRequest { UserId = name, Roles = { Role.Operator } }, Origin.Actor, Origin.Process, cancellationToken);
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "The demo account {Name} was not made: {Problems}")]
    private partial void LogRefused(string name, string problems);
}
