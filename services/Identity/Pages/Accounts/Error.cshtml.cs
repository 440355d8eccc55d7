using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Microservices.Identity.Pages;

/// <summary>Says what is wrong with a request. A wrong client or redirect URI is told here, and never to the address that it names.</summary>
[IgnoreAntiforgeryToken]
[ResponseCache(NoStore = true)]
internal sealed class ErrorModel : PageModel
{
    /// <summary>What is wrong, in short.</summary>
    public string Title { get; private set; } = "";

    /// <summary>What is wrong.</summary>
    public string Description { get; private set; } = "";

    public void OnGet() => Describe();

    public void OnPost() => Describe();

    private void Describe() => (Title, Description) = HttpContext.GetOpenIddictServerResponse() is { Error: not null } response
        ? ("This request cannot be granted", response.ErrorDescription ?? response.Error)
        : Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => ("Page not found", "There is nothing at this address."),
            StatusCodes.Status429TooManyRequests => ("Too many requests", "Wait a moment, then try again."),
            StatusCodes.Status503ServiceUnavailable => ("Not available just now", "Try again in a moment."),
            >= 500 => ("Something went wrong", "It is not your fault. Try again in a moment."),
            _ => ("This request cannot be granted", "The form may be too old. Go back, load the page again, and try once more."),
        };
}
