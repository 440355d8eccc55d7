using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Microservices.Identity.Pages;

/// <summary>The authorization endpoint: whoever has logged in, and agrees, is sent back to the client with a code. OpenIddict has checked the request by then.</summary>
internal sealed class AuthorizeModel(IOpenIddictApplicationManager applications, IOpenIddictAuthorizationManager authorizations, TimeProvider time) : PageModel
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    /// <summary>Who asks.</summary>
    public string ClientName { get; private set; } = "";

    /// <summary>Who is asked.</summary>
    public string Email { get; private set; } = "";

    /// <summary>What for.</summary>
    public IReadOnlyList<string> Scopes { get; private set; } = [];

    /// <summary>The request, for the form to repeat.</summary>
    public IReadOnlyList<(string Name, string Value)> Parameters { get; private set; } = [];

    public Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => HandleAsync(null, cancellationToken);

    public Task<IActionResult> OnPostAsync([FromForm] string? answer, CancellationToken cancellationToken) => HandleAsync(answer, cancellationToken);

    private async Task<IActionResult> HandleAsync(string? answer, CancellationToken cancellationToken)
    {
        var request = HttpContext.GetOpenIddictServerRequest()!;
        if (await SessionCookie.FindAsync(HttpContext) is not { } login || MustLogInAgain(request, login.Since))
            return request.HasPromptValue(PromptValues.None) ? Refuse(Errors.LoginRequired, "Nobody has logged in.") : AskToLogIn(request);
        if (answer == "no")
            return Refuse(Errors.AccessDenied, "The user has said no.");

        var client = (await applications.FindByClientIdAsync(request.ClientId!, cancellationToken))!;
        var clientId = (await applications.GetIdAsync(client, cancellationToken))!;
        var agreed = await authorizations.FindAsync(login.Account.UserId, clientId, Statuses.Valid, AuthorizationTypes.Permanent, request.GetScopes(), cancellationToken).FirstOrDefaultAsync(cancellationToken);
        var mustAsk = await applications.HasConsentTypeAsync(client, ConsentTypes.Explicit, cancellationToken) && (agreed is null || request.HasPromptValue(PromptValues.Consent));
        if (mustAsk && answer != "yes")
        {
            if (request.HasPromptValue(PromptValues.None))
                return Refuse(Errors.ConsentRequired, "The user has to be asked.");
            ClientName = await applications.GetDisplayNameAsync(client, cancellationToken) ?? request.ClientId!;
            (Email, Scopes) = (login.Account.Email, request.GetScopes());
            Parameters = [.. from parameter in request.GetParameters() where parameter.Key != "answer" select (parameter.Key, (string?)parameter.Value ?? "")];
            return Page();
        }

        var principal = Grants.Of(login.Account, login.SessionId, request.GetScopes(), login.Since);
        if (mustAsk && agreed is null)
            agreed = await authorizations.CreateAsync(principal, login.Account.UserId, clientId, AuthorizationTypes.Permanent, request.GetScopes(), cancellationToken);
        if (agreed is not null)
            principal.SetAuthorizationId(await authorizations.GetIdAsync(agreed, cancellationToken));
        return SignIn(principal, Scheme);
    }

    private bool MustLogInAgain(OpenIddictRequest request, DateTimeOffset since) =>
        request.HasPromptValue(PromptValues.Login) || (request.MaxAge is { } maxAge && time.GetUtcNow() - since > TimeSpan.FromSeconds(maxAge));

    private RedirectResult AskToLogIn(OpenIddictRequest request)
    {
        // Asked for once: what comes back from logging in is not to be sent there again.
        var prompt = string.Join(' ', request.GetPromptValues().Where(value => value != PromptValues.Login));
        var parameters = request.GetParameters().Where(parameter => parameter.Key is not (OpenIddictConstants.Parameters.Prompt or OpenIddictConstants.Parameters.MaxAge))
            .Select(parameter => KeyValuePair.Create(parameter.Key, (string?)parameter.Value));
        if (prompt.Length > 0)
            parameters = parameters.Append(new(OpenIddictConstants.Parameters.Prompt, prompt));
        return Redirect($"/account/login{QueryString.Create("returnUrl", $"/connect/authorize{QueryString.Create(parameters)}")}");
    }

    private ForbidResult Refuse(string error, string description) => Forbid(TokenEndpoint.Properties(error, description), Scheme);
}
