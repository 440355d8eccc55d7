using Microservices.Hosting;

namespace Microservices.Identity;

/// <summary>Registers accounts: how one is made, logs in, and what is kept of that.</summary>
internal static class AccountsRegistration
{
    /// <summary>Registers them.</summary>
    public static void AddAccounts(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AuditLog>();
        builder.Services.AddSingleton<Backoff>();
        builder.Services.AddSingleton<WrongCodes>();
        builder.Services.AddSingleton<KnownBrowser>();
        builder.Services.AddSingleton<PasswordPool>();
        builder.Services.AddSingleton<Sessions>();
        builder.Services.AddSingleton<Revocations>();
        builder.Services.AddSingleton<WatchRevocations>();
        builder.Services.AddHostedService<RevocationCleaner>();
        builder.Services.AddSingleton<Register>();
        builder.Services.AddSingleton<LogIn>();
        builder.Services.AddSingleton<SetRoles>();
        if (string.IsNullOrEmpty(builder.Configuration[DemoAccounts.Key]))
            return;
        builder.RefuseOutsideDevelopment(DemoAccounts.Key, _ => "must be absent outside Development, where there are no demo accounts");
        if (!builder.Environment.IsDevelopment())
            return;
        builder.Services.AddSingleton<DemoAccounts>();
        builder.Services.AddHostedService(services => services.GetRequiredService<DemoAccounts>());
        builder.Services.AddHealthChecks().AddCheck<DemoAccounts>("demo-accounts");
        builder.Services.PostConfigure<IdentityOptions>(options => options.Clients.Add(DemoAccounts.Client()));
    }
}
