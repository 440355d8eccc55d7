using Microservices.Hosting.Auth;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// Who asks for an overview: services are asked in the name of the owner of the token that came with the request, so that they refuse what is another
/// user's themselves. Thread-safe.
/// </summary>
/// <param name="authorization">The header that it was let in by.</param>
/// <param name="rights">Whose things it may see.</param>
internal sealed class Asker(string authorization, Rights rights)
{
    private const string Scheme = "Bearer ";

    /// <summary>The access token; made only for who has to ask.</summary>
    public string Token => field ??= authorization[Scheme.Length..].Trim(' ');

    /// <summary>The user who asks; null for operators and services.</summary>
    public string? User => rights.Owner;

    /// <summary>Who has sent a request, or opened a stream.</summary>
    public static Asker Of(HttpContext http) => new(http.Request.Headers.Authorization.ToString(), Rights.Of(http));

    /// <summary>Whether it may be given what is known of a user without asking the services.</summary>
    public bool MaySee(string userId) => rights.Include(userId);
}
