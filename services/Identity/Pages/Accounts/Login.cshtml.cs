using Grpc.Core;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Microservices.Identity.Pages;

/// <summary>Where a browser logs in.</summary>
internal sealed class LoginModel(LogIn logIn, Sessions sessions, KnownBrowser known) : PageModel
{
    private const int MaxField = 256;

    /// <summary>Where to go on.</summary>
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    /// <summary>The address, as it was written.</summary>
    [BindProperty]
    public string? Email { get; set; }

    /// <summary>Why it was not done.</summary>
    public string? Problem { get; private set; }

    public void OnGet() => ReturnUrl = ReturnAddress.Of(Url, ReturnUrl);

    public async Task<IActionResult> OnPostAsync([FromForm] string? password, CancellationToken cancellationToken)
    {
        ReturnUrl = ReturnAddress.Of(Url, ReturnUrl);
        var (email, origin) = (Email ?? "", Origin.Of(HttpContext));
        if (email.Length > MaxField || password is null or { Length: > MaxField })
            return Refuse("The e-mail address or the password is wrong.", StatusCodes.Status401Unauthorized);
        try
        {
            var result = await logIn.HandleAsync(email, password, known.Knows(HttpContext, email), origin, cancellationToken);
            if (result.Delay > TimeSpan.Zero)
            {
                PagesRegistration.RetryAfter(HttpContext, result.Delay);
                return Refuse("There were too many attempts. Wait a moment, then try again.", StatusCodes.Status429TooManyRequests);
            }

            if (result.Account is null)
                return Refuse("The e-mail address or the password is wrong.", StatusCodes.Status401Unauthorized);
            await SessionCookie.GiveAsync(HttpContext, await sessions.BeginAsync(result.Account, null, origin, cancellationToken));
            known.Remember(HttpContext, email);
            return LocalRedirect(ReturnUrl);
        }
        catch (RpcException unreachable) when (Register.IsUnreachable(unreachable))
        {
            return Refuse("This cannot be done just now. Try again in a moment.", StatusCodes.Status503ServiceUnavailable);
        }
    }

    private PageResult Refuse(string problem, int status)
    {
        Problem = problem;
        Response.StatusCode = status;
        return Page();
    }
}
