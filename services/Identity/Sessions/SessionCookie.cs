using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Microservices.Identity;

/// <summary>The cookie of a browser that has logged in: its session's id, sealed. The session is looked up each time, so that one that has ended lets nobody in.</summary>
internal static class SessionCookie
{
    private const string AccountItem = "account";

    /// <summary>The name of a cookie. With TLS the prefix keeps other hosts of the same domain, and pages without TLS, from setting it.</summary>
    public static string NameOf(string name, bool secure) => secure ? $"__Host-{name}" : name;

    /// <summary>Gives it to the browser.</summary>
    public static Task GiveAsync(HttpContext http, Session session)
    {
        var identity = new ClaimsIdentity([new Claim(Authority.SessionClaim, session.SessionId)], CookieAuthenticationDefaults.AuthenticationScheme);
        return http.SignInAsync(new ClaimsPrincipal(identity), new AuthenticationProperties { IsPersistent = true, IssuedUtc = session.CreateTime });
    }

    /// <summary>Accepts it while its session lasts.</summary>
    public static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var sessions = context.HttpContext.RequestServices.GetRequiredService<Sessions>();
        if (await sessions.FindAccountAsync(context.Principal?.FindFirstValue(Authority.SessionClaim), context.HttpContext.RequestAborted) is { } account)
            context.HttpContext.Items[AccountItem] = account;
        else
            context.RejectPrincipal();
    }

    /// <summary>Who has logged in; null when nobody has.</summary>
    public static async Task<(Account Account, string SessionId, DateTimeOffset Since)?> FindAsync(HttpContext http)
    {
        var result = await http.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return result.Succeeded && http.Items[AccountItem] is Account account
            ? (account, result.Principal.FindFirstValue(Authority.SessionClaim)!, result.Properties.IssuedUtc ?? default)
            : null;
    }
}
