using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Microservices.Identity.Pages;

/// <summary>
/// Where a person lets a device or command line in (RFC 8628): by the code that it shows, which the person compares. The device gets a session of its own, which can be ended
/// without that of the browser. Codes cannot be guessed: whoever enters wrong ones waits.
/// </summary>
internal sealed class VerifyModel(IOpenIddictApplicationManager applications, Sessions sessions, Backoff backoff, WrongCodes wrongCodes) : PageModel
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;
    private const string Done = "/connect/verify?done=true";

    /// <summary>Whether it is over.</summary>
    [BindProperty(SupportsGet = true, Name = "done")]
    public bool IsDone { get; set; }

    /// <summary>Who asks; null when no code was entered that is known.</summary>
    public string? ClientName { get; private set; }

    /// <summary>Who is asked.</summary>
    public string Email { get; private set; } = "";

    /// <summary>The code.</summary>
    public string? UserCode { get; private set; }

    /// <summary>What for.</summary>
    public IReadOnlyList<string> Scopes { get; private set; } = [];

    /// <summary>What is wrong.</summary>
    public string? Problem { get; private set; }

    public Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => IsDone ? Task.FromResult<IActionResult>(Page()) : HandleAsync(null, cancellationToken);

    public Task<IActionResult> OnPostAsync([FromForm] string? answer, CancellationToken cancellationToken) => HandleAsync(answer, cancellationToken);

    private async Task<IActionResult> HandleAsync(string? answer, CancellationToken cancellationToken)
    {
        if (await SessionCookie.FindAsync(HttpContext) is not { } login)
            return Redirect($"/account/login{QueryString.Create("returnUrl", $"/connect/verify{Request.QueryString}")}");
        var origin = Origin.Of(HttpContext);
        if (await backoff.DelayAsync([WrongCodes.KeyOf(login.Account)], cancellationToken) is var delay && delay > TimeSpan.Zero)
        {
            PagesRegistration.RetryAfter(HttpContext, delay);
            Problem = "There were too many wrong codes. Wait a moment, then try again.";
            return Page();
        }

        var result = await HttpContext.AuthenticateAsync(Scheme);
        UserCode = result.Properties?.GetTokenValue(OpenIddictServerAspNetCoreConstants.Tokens.UserCode);
        if (!result.Succeeded || result.Principal.GetClaim(Claims.ClientId) is not { } clientId)
        {
            if (string.IsNullOrEmpty(UserCode))
                return Page();
            await wrongCodes.CountAsync(login.Account, cancellationToken);
            Problem = "There is no such code, or it is too old. Compare it with what your device shows.";
            return Page();
        }

        if (answer == "no")
            return Forbid(new AuthenticationProperties { RedirectUri = Done }, Scheme);
        if (answer == "yes")
        {
            var session = await sessions.BeginAsync(login.Account, clientId, origin, cancellationToken);
            return SignIn(Grants.Of(login.Account, session.SessionId, result.Principal.GetScopes(), login.Since), new AuthenticationProperties { RedirectUri = Done }, Scheme);
        }

        var client = await applications.FindByClientIdAsync(clientId, cancellationToken);
        ClientName = client is null ? clientId : await applications.GetDisplayNameAsync(client, cancellationToken) ?? clientId;
        (Email, Scopes) = (login.Account.Email, result.Principal.GetScopes());
        return Page();
    }
}
