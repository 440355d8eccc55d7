using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Users;

/// <summary>The errors of this service, and the rules for a user's fields.</summary>
internal static class UserErrors
{
    public const string Type = "users.v1.User";
    internal const int MaxDisplayName = 200;

    public static readonly ErrorDomain Domain = new("users.v1");

    public static Status NotFound(string userId) => Domain.NotFound(Type, userId);

    public static StatusException KeyReused() =>
        new(Domain.Aborted("IDEMPOTENCY_KEY_REUSED", "The idempotency key was used for another request."));

    public static void CheckDisplayName(this FieldViolations violations, string field, string value) =>
        violations.CheckText(field, value, MaxDisplayName);

    public static void CheckEmail(this FieldViolations violations, string field, string value)
    {
        var already = violations.Count();
        violations.CheckText(field, value, EmailAddress.MaxBytes, EmailAddress.MaxBytes);
        if (violations.Count() == already && !EmailAddress.TryGetKey(value, out _))
            violations.Add(field, "must be an e-mail address such as ada@example.com");
    }
}
