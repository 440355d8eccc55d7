using Microservices.Persistence;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Identity.Pages;

/// <summary>Shows where somebody is logged in, and logs out.</summary>
internal sealed class IndexModel(Database<IdentityDbContext> database, Sessions sessions, TimeProvider time) : PageModel
{
    /// <summary>Who has logged in.</summary>
    public Account Account { get; private set; } = null!;

    /// <summary>The sessions that last, newest first.</summary>
    public IReadOnlyList<Session> Open { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await SessionCookie.FindAsync(HttpContext) is not { } login)
            return Challenge();
        Account = login.Account;
        var now = time.GetUtcNow();
        Open = await database.ReadAsync(context => context.Sessions.Where(s => s.UserId == Account.UserId && s.EndTime == null && s.ExpireTime > now)
            .OrderByDescending(s => s.CreateTime).ToListAsync(cancellationToken), cancellationToken);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync([FromForm] bool everywhere, CancellationToken cancellationToken)
    {
        if (await SessionCookie.FindAsync(HttpContext) is { } login)
        {
            var origin = Origin.Of(HttpContext);
            if (everywhere)
                await sessions.EndAllAsync(login.Account.UserId, login.Account.UserId, origin, cancellationToken);
            else
                await sessions.EndAsync(login.SessionId, AuditEvents.LoggedOut, origin, cancellationToken);
        }

        await HttpContext.SignOutAsync();
        return LocalRedirect("/account/login");
    }
}
