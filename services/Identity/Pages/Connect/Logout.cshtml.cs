using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OpenIddict.Server.AspNetCore;

namespace Microservices.Identity.Pages;

/// <summary>Where a client sends a browser to log out (OpenID Connect RP-initiated logout): the session ends, and the browser goes back to the client.</summary>
internal sealed class LogoutModel(Sessions sessions) : PageModel
{
    /// <summary>The request, for the form to repeat.</summary>
    public IReadOnlyList<(string Name, string Value)> Parameters { get; private set; } = [];

    public void OnGet() =>
        Parameters = [.. from parameter in HttpContext.GetOpenIddictServerRequest()!.GetParameters() select (parameter.Key, (string?)parameter.Value ?? "")];

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (await SessionCookie.FindAsync(HttpContext) is { } login)
            await sessions.EndAsync(login.SessionId, AuditEvents.LoggedOut, Origin.Of(HttpContext), cancellationToken);
        await HttpContext.SignOutAsync();
        return SignOut(new AuthenticationProperties { RedirectUri = "/account/login" }, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }
}
