using Grpc.Core;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Microservices.Identity.Pages;

/// <summary>Where somebody makes an account, and is logged in with it.</summary>
internal sealed class RegisterModel(Register register, Sessions sessions, KnownBrowser known) : PageModel
{
    private static readonly Dictionary<string, string> Labels = new() { ["display_name"] = "The name", ["email"] = "The e-mail address", ["password"] = "The password" };

    /// <summary>Where to go on.</summary>
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    /// <summary>The name, as it was written.</summary>
    [BindProperty]
    public string? DisplayName { get; set; }

    /// <summary>The address, as it was written.</summary>
    [BindProperty]
    public string? Email { get; set; }

    /// <summary>Why it was not done.</summary>
    public IReadOnlyList<string> Problems { get; private set; } = [];

    public void OnGet() => ReturnUrl = ReturnAddress.Of(Url, ReturnUrl);

    public async Task<IActionResult> OnPostAsync([FromForm] string? password, CancellationToken cancellationToken)
    {
        ReturnUrl = ReturnAddress.Of(Url, ReturnUrl);
        var origin = Origin.Of(HttpContext);
        try
        {
            var result = await register.HandleAsync(DisplayName ?? "", Email ?? "", password ?? "", origin, cancellationToken);
            if (result.Delay > TimeSpan.Zero)
            {
                PagesRegistration.RetryAfter(HttpContext, result.Delay);
                return Refuse(["There were too many registrations from here. Wait a moment, then try again."], StatusCodes.Status429TooManyRequests);
            }

            if (result.Account is null)
                return Refuse([.. result.Problems.Select(problem => $"{Labels.GetValueOrDefault(problem.Field, problem.Field)} {problem.Problem}.")], StatusCodes.Status422UnprocessableEntity);
            await SessionCookie.GiveAsync(HttpContext, await sessions.BeginAsync(result.Account, null, origin, cancellationToken));
            known.Remember(HttpContext, result.Account.Email);
            return LocalRedirect(ReturnUrl);
        }
        catch (RpcException unreachable) when (Register.IsUnreachable(unreachable))
        {
            return Refuse(["This cannot be done just now. Try again in a moment."], StatusCodes.Status503ServiceUnavailable);
        }
    }

    private PageResult Refuse(IReadOnlyList<string> problems, int status)
    {
        Problems = problems;
        Response.StatusCode = status;
        return Page();
    }
}
