namespace Microservices.Hosting.Auth;

/// <summary>What tokens of the authority have beyond the registered claims (RFC 9068, RFC 8693).</summary>
public static class TokenClaims
{
    /// <summary>The client that the token was issued to.</summary>
    public const string ClientId = "client_id";

    /// <summary>The roles: an array of strings.</summary>
    public const string Roles = "roles";

    /// <summary>What the token is for: names, separated by blanks.</summary>
    public const string Scope = "scope";

    /// <summary>The login that the token comes from.</summary>
    public const string SessionId = "sid";

    /// <summary>Who acts for the subject, if somebody does.</summary>
    public const string Actor = "act";

    /// <summary>The role of the services of the suite, which has no user: their tokens have it beside their name as subject and as client.</summary>
    public const string WorkloadRole = "workload";
}
