using Microservices.Primitives;

namespace Microservices.Identity;

/// <summary>Registers accounts: how one is made, logs in, and what is kept of that.</summary>
internal static class AccountsRegistration
{
    /// <summary>Registers them.</summary>
    /// <exception cref="InvalidSettingException">There are to be demo accounts outside Development.</exception>
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
        if (!builder.Environment.IsDevelopment())
            throw new InvalidSettingException(DemoAccounts.Key, "must be absent outside Development, where there are no demo accounts");
        builder.Services.AddSingleton<DemoAccounts>();
        builder.Services.AddHostedService(services => services.GetRequiredService<DemoAccounts>());
        builder.Services.AddHealthChecks().AddCheck<DemoAccounts>("demo-accounts");
        builder.Services.PostConfigure<IdentityOptions>(options => options.Clients.Add(DemoAccounts.Client()));
    }
}
