using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>
/// Knows a browser by a sealed cookie that it was given when it logged in to an account: its attempts do not wait for those that strangers fail at this account, so that
/// nobody keeps its owner out. Thread-safe.
/// </summary>
internal sealed class KnownBrowser(IDataProtectionProvider protection, IOptions<IdentityOptions> options)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);
    private readonly ITimeLimitedDataProtector protector = protection.CreateProtector("known-browser").ToTimeLimitedDataProtector();

    private bool IsSecure => options.Value.IssuerUri.Scheme == "https";

    /// <summary>Whether the browser has logged in to the account of this address.</summary>
    public bool Knows(HttpContext http, string email)
    {
        if (http.Request.Cookies[SessionCookie.NameOf("known", IsSecure)] is not { } cookie)
            return false;
        try
        {
            return protector.Unprotect(cookie) == KeyOf(email);
        }
        catch (CryptographicException)
        {
            // Not ours, or no longer valid: a browser like any other.
            return false;
        }
    }

    /// <summary>Lets it be known.</summary>
    public void Remember(HttpContext http, string email) => http.Response.Cookies.Append(
        SessionCookie.NameOf("known", IsSecure), protector.Protect(KeyOf(email), Lifetime),
        new CookieOptions { HttpOnly = true, Secure = IsSecure, SameSite = SameSiteMode.Lax, Path = "/", MaxAge = Lifetime, IsEssential = true });

    private static string KeyOf(string email) => Backoff.AccountKey(Account.KeyOf(email));
}
