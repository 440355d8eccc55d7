namespace Microservices.Identity;

/// <summary>What the audit log tells of, as it is stored: never to be changed.</summary>
internal static class AuditEvents
{
    public const string Registered = "registered";
    public const string LoginFailed = "login-failed";
    public const string SessionBegun = "session-begun";
    public const string SessionReplaced = "session-replaced";
    public const string SessionsEnded = "sessions-ended";
    public const string LoggedOut = "logged-out";
    public const string TokenRevoked = "token-revoked";
    public const string TokenReused = "token-reused";
    public const string RolesSet = "roles-set";
    public const string Impersonated = "view-as";
    public const string Refused = "refused";
}
